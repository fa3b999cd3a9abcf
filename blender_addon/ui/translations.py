# SPDX-License-Identifier: GPL-3.0-or-later
"""The interface in other languages: the English text is the key; what is not here stays English."""

from __future__ import annotations

import bpy

from .. import home

_GERMAN = {
    # panels
    "Rig": "Rig",
    "Bones": "Knochen",
    "Motion": "Bewegung",
    "In-Between": "Dazwischen",
    "Retarget": "Übertragen",
    "Keys": "Keyframes",
    "Clean Up the Action": "Die Aktion aufräumen",
    "What Went Wrong": "Was schiefging",
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
    "Lock Feet": "Füße festhalten",
    "Loop": "Schleife",
    "Sequence": "Abfolge",
    "Takes": "Takes",
    "Start Frame": "Startbild",
    "Continue from Pose": "Aus der Pose weiter",
    "Device": "Gerät",
    "Pack": "Paket",
    "Packs Folder": "Paketordner",
    "Mannequin": "Gliederpuppe",
    "Tolerance (mm)": "Toleranz (mm)",
    "Sparse": "Wenige",
    "Every Frame": "Jedes Bild",
    "Controls": "Steuerung",
    "As Built": "Wie gebaut",
    "Travel": "Fortbewegung",
    "In the Hips": "In der Hüfte",
    "Own Curves": "Eigene Kurven",
    "New Motion": "Neue Bewegung",
    "NLA Strip": "NLA-Streifen",
    "Only Frames": "Nur Bilder",
    "First": "Erstes",
    "Last": "Letztes",
    "From": "Von",
    "Only": "Nur",
    "Selected Bones": "Ausgewählte Knochen",
    "Selected Keys": "Ausgewählte Keyframes",
    "Variant": "Variante",
    "Variants": "Varianten",
    "As in Preferences": "Wie in den Einstellungen",
    "Automatic": "Automatisch",
    # what panels say
    "Select the rig to animate": "Das Rig auswählen, das animiert werden soll",
    "{} is no armature; select the rig to animate": "{} ist keine Armatur; das Rig auswählen, das animiert werden soll",
    "Looking at its bones": "Die Knochen werden angesehen",
    "Rest Pose": "Ruhepose",
    "T-pose": "T-Pose",
    "A-pose": "A-Pose",
    "Arms down": "Arme hängen",
    "Joints": "Gelenke",
    "{} of {}": "{} von {}",
    "Trunk": "Rumpf",
    "Left Arm": "Linker Arm",
    "Right Arm": "Rechter Arm",
    "Left Leg": "Linkes Bein",
    "Right Leg": "Rechtes Bein",
    "Hips": "Hüfte",
    "Spine": "Wirbelsäule",
    "Spine 1": "Wirbelsäule 1",
    "Spine 2": "Wirbelsäule 2",
    "Neck": "Hals",
    "Head": "Kopf",
    "Shoulder": "Schulter",
    "Upper Arm": "Oberarm",
    "Forearm": "Unterarm",
    "Hand": "Hand",
    "Thigh": "Oberschenkel",
    "Shin": "Unterschenkel",
    "Foot": "Fuß",
    "Toe": "Zehen",
    "Joint": "Gelenk",
    "Left still: {}": "Bleiben still: {}",
    "Straight ahead from where the rig stands": "Geradeaus von da, wo das Rig steht",
    "The sequence says what is done and how long": "Die Abfolge bestimmt, was wie lange getan wird",
    "{:.0f} %, Esc cancels": "{:.0f} %, Esc bricht ab",
    "There is no motion pack; install Galatea again, or see Packs & Device":
        "Es gibt kein Bewegungspaket; Galatea neu installieren oder unter Pakete & Gerät nachsehen",
    "Frames": "Bilder",
    "Foot Skate": "Fußrutschen",
    "Joint Error": "Abweichung",
    "Clip": "Clip",
    "Reading the clips": "Die Clips werden gelesen",
    "Gaps Filled": "Lücken gefüllt",
    "New Keys": "Neue Keyframes",
    "Frames {} to {} were left: {}": "Bilder {} bis {} blieben, wie sie waren: {}",
    "There is no in-between pack; install Galatea again, or see Packs & Device":
        "Es gibt kein Paket für Zwischenbilder; Galatea neu installieren oder unter Pakete & Gerät nachsehen",
    "There is no pose pack; install Galatea again, or see Packs & Device":
        "Es gibt kein Posenpaket; Galatea neu installieren oder unter Pakete & Gerät nachsehen",
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
    "Select a bone in Pose Mode first": "Erst im Posenmodus einen Knochen auswählen",
    "Nothing went wrong so far": "Bisher ging nichts schief",
}
_GERMAN_OPERATORS = {
    "Generate Motion": "Bewegung erzeugen",
    "Roll Seed": "Startwert würfeln",
    "Retarget Motion": "Bewegung übertragen",
    "Retarget Files...": "Dateien übertragen ...",
    "Fill Between Keys": "Zwischen Keyframes füllen",
    "Remove Generated Keys": "Erzeugte Keyframes entfernen",
    "Complete Pose": "Pose vervollständigen",
    "Lock Feet": "Füße festhalten",
    "Refit Keys": "Keyframes neu anpassen",
    "Take Selected Bone": "Ausgewählten Knochen nehmen",
    "Select Joint's Bone": "Knochen des Gelenks auswählen",
    "Understand Again": "Neu verstehen",
    "Save Map...": "Zuordnung speichern ...",
    "Load Map...": "Zuordnung laden ...",
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
