# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface in other languages: the English text is the key; what is not here stays English."""

from __future__ import annotations

import bpy

from .. import home

_GERMAN = {
    # panels
    "Motion": "Bewegung",
    "Path": "Weg",
    "Take Options": "Optionen der Takes",
    "Last Result": "Letztes Ergebnis",
    "Packs & Device": "Pakete & Gerät",
    "Licence and Data": "Lizenz und Daten",
    # properties
    "Action": "Aktion",
    "Style": "Stil",
    "Length": "Länge",
    "Speed": "Tempo",
    "Seed": "Startwert",
    "In Place": "Auf der Stelle",
    "Loop": "Schleife",
    "Sequence": "Abfolge",
    "Takes": "Takes",
    "Start Frame": "Startbild",
    "Device": "Gerät",
    "Pack": "Paket",
    "Packs Folder": "Paketordner",
    "Mannequin": "Gliederpuppe",
    "As in Preferences": "Wie in den Einstellungen",
    "Automatic": "Automatisch",
    # what panels say
    "Select the rig to animate": "Das Rig auswählen, das animiert werden soll",
    "{} is no armature; select the rig to animate": "{} ist keine Armatur; das Rig auswählen, das animiert werden soll",
    "Looking at its bones": "Die Knochen werden angesehen",
    "{} of {} joints": "{} von {} Gelenken",
    "Left still: {}": "Bleiben still: {}",
    "known bone names": "bekannte Knochennamen",
    "Straight ahead from where the rig stands": "Geradeaus von da, wo das Rig steht",
    "The sequence says what is done and how long": "Die Abfolge bestimmt, was wie lange getan wird",
    "{:.0f} %, Esc cancels": "{:.0f} %, Esc bricht ab",
    "There is no motion pack; install Galatea again, or see Packs & Device":
        "Es gibt kein Bewegungspaket; Galatea neu installieren oder unter Pakete & Gerät nachsehen",
    "Frames": "Bilder",
    "Foot Skate": "Fußrutschen",
    "Travelled": "Zurückgelegt",
    "Wanted": "Gewünscht",
    "Made In": "Gemacht in",
    "Provider": "Anbieter",
    "Really Used": "Wirklich benutzt",
    "Version": "Version",
    "Licence": "Lizenz",
    "Learned from": "Gelernt von",
    "User Folder": "Benutzerordner",
    "Your Packs": "Eigene Pakete",
    # why a button is grey
    "Switch to Object Mode first": "Erst in den Objektmodus wechseln",
    "Switch to Object Mode or Pose Mode first": "Erst in den Objekt- oder Posenmodus wechseln",
    "Motion is being made; Esc cancels it": "Eine Bewegung entsteht gerade; Esc bricht ab",
    "Nothing went wrong so far": "Bisher ging nichts schief",
}
_GERMAN_OPERATORS = {
    "Generate Motion": "Bewegung erzeugen",
    "Roll Seed": "Startwert würfeln",
    "Add Galatea Human": "Galatea-Mensch hinzufügen",
    "Galatea Human": "Galatea-Mensch",
    "Test Device": "Gerät prüfen",
    "Copy Report": "Bericht kopieren",
    "Dismiss Error": "Fehler ausblenden",
    "Look Again": "Noch einmal nachsehen",
    "Open Packs Folder": "Paketordner öffnen",
}
_GERMAN_TEXTS = {("*", text): german for text, german in _GERMAN.items()} | {
    ("Operator", text): german for text, german in _GERMAN_OPERATORS.items()}
# Blender has called it both.
TEXTS = {"de_DE": _GERMAN_TEXTS, "de": _GERMAN_TEXTS}


def register() -> None:
    """Hand Blender our texts."""
    bpy.app.translations.register(home.extension(), TEXTS)


def unregister() -> None:
    """Take them back."""
    bpy.app.translations.unregister(home.extension())
