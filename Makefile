# SPDX-License-Identifier: GPL-3.0-or-later
# The five things one does with a checkout; each does its own set-up, into .venv and nowhere else.
#   make demo         a walk on a Rigify human, made a moment ago: out/demo.blend .glb .png .json (no torch)
#   make test         ruff, then the tests that need no window
#   make bench        bench.json: speed, beside a baseline taken in the same run
#   make extension    dist/*.zip for every platform, the CUDA flavours too (1 GB; wheels are fetched once, into .wheels):
#                     make extension PLATFORM=linux-x64 [FLAVOUR=cuda] for one; each checked by Blender's packaging tool
#   make window-test  that zip inside a real Blender: BLENDER=/path/to/blender, else `blender` on the PATH
# Also: make test-matrix (scene and unit tests on Blender 4.2, 4.5, 5.0 and 5.2, each in a .venv-VERSION),
# make lint, make clean (leaves .venv, .venv-* and .wheels; remove those folders by hand).

PYTHON ?= python3.11
# Blender 5.2's, for make test-matrix and nothing else.
PYTHON313 ?= python3.13
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Which Pythons the extension brings onnxruntime for: Blender 4.2 to 5.0 run 3.11, 5.1 and later 3.13.
PYTHONS  ?= cp311 cp313
PLATFORM ?=
FLAVOUR  ?= cpu

.PHONY: demo test test-matrix bench extension window-test lint clean
.DELETE_ON_ERROR:

demo: $(VENV)/.stamp-run
	$(BIN)/galatea demo --out out

test: lint
	$(BIN)/python -m pytest tests --ignore=tests/window

test-matrix: $(VENV)/.stamp-venv
	$(BIN)/python tools/test_matrix.py --python311 $(PYTHON) --python313 $(PYTHON313)

bench: $(VENV)/.stamp-test
	$(BIN)/python bench/bench.py --out bench.json

extension: $(VENV)/.stamp-run
	$(BIN)/python tools/build_extension.py --pythons $(PYTHONS) \
	  $(if $(PLATFORM),--platform $(PLATFORM) --flavour $(FLAVOUR),--all)

window-test: $(VENV)/.stamp-test
	$(BIN)/python -m pytest tests/window -rs

lint: $(VENV)/.stamp-test
	$(BIN)/ruff check .

clean:
	rm -rf build dist out bench.json *.egg-info tests/gltf/node_modules .ruff_cache .hypothesis tests/.pytest_cache
	find blender_addon training tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

# The stamps are written last, so that a broken-off installation is taken up again and a finished one costs nothing.
$(VENV)/.stamp-venv:
	@$(if $(shell $(PYTHON) -c 'import sys; print("yes" if sys.version_info[:2] == (3, 11) else "")' 2>/dev/null),,\
	  $(error '$(PYTHON)' is not Python 3.11, which bpy 5.0.1 wants exactly: install python3.11 (your system's package, or \
	  'pyenv install 3.11', or 'uv python install 3.11'), or name one: make PYTHON=/path/to/python3.11))
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.stamp-run: pyproject.toml $(VENV)/.stamp-venv
	@echo "Installing Blender as a module and onnxruntime into $(VENV), once (about 650 MB to fetch)"
	@$(PIP) --editable '.[blender]'
	@touch $@

$(VENV)/.stamp-test: pyproject.toml $(VENV)/.stamp-run
	@echo "Installing PyTorch and the test tools into $(VENV), once"
	@$(PIP) --editable '.[blender,training,test]'
	@touch $@
