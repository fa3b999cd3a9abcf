# SPDX-License-Identifier: GPL-3.0-or-later
"""What people script against; the operators and the command line call this and nothing deeper.

Nothing here imports bpy before a function that needs it is called, so that packs can be listed and checked anywhere.
"""

from ..character.requests import CharacterRequest
from ..errors import GalateaError, PackError
from ..inference.packs import Finding, Pack
from ..motion.requests import FeetRequest, InbetweenRequest, KeyOptions, MotionRequest, PoseRequest, RetargetRequest
from ..texture.material_options import MaterialOptions
from ..texture.requests import TextureRequest
from .changes import PlainResult, change_material, change_motion, doing_in_slices, skin_in_slices
from .character import (
    CharacterResult,
    body_in_slices,
    change_body,
    character_file,
    character_in_slices,
    create_character,
)
from .clips import ClipFile, ClipProblem, ClipsResult, convert_clips
from .clothes import ClothesResult, Worn, change_clothes, clothes_in_slices
from .control_rig import ControlRigResult, make_control_rig
from .demo import make_demo
from .feet import FeetResult, lock_feet, lock_feet_file, lock_feet_in_slices
from .inbetween import (
    FilledGap,
    InbetweenResult,
    RemovedKeys,
    inbetween,
    inbetween_file,
    inbetween_in_slices,
    remove_generated,
    remove_generated_file,
)
from .materials import (
    MaterialResult,
    Thumbnail,
    apply_texture,
    count_slots,
    generate_material,
    material_in_slices,
    thumbnail_in_slices,
)
from .motion import MotionResult, MotionTake, animate_file, generate_motion, motion_in_slices
from .packs import (
    DeviceTest,
    doctor_report,
    list_packs,
    pack_folders,
    pack_info,
    pick_pack,
    test_device,
    verify_packs,
)
from .poses import PoseResult, complete_pose
from .refit import RefitResult, refit_in_slices, refit_keys, refit_keys_file
from .retarget import RetargetResult, RetargetTake, read_motion, retarget, retarget_file, retarget_in_slices
from .rigs import (
    add_human,
    correct_rig,
    corrections_of,
    describe_rig,
    forget_corrections,
    load_map,
    map_rig,
    open_rig,
    rig_report,
    save_map,
)
from .texture import (
    Texture,
    TextureResult,
    generate_texture,
    make_textures,
    texture_in_slices,
    write_texture,
)

__all__ = [
    "CharacterRequest",
    "CharacterResult",
    "ClipFile",
    "ClipProblem",
    "ClipsResult",
    "ClothesResult",
    "ControlRigResult",
    "DeviceTest",
    "FeetRequest",
    "FeetResult",
    "FilledGap",
    "Finding",
    "GalateaError",
    "InbetweenRequest",
    "InbetweenResult",
    "KeyOptions",
    "MaterialOptions",
    "MaterialResult",
    "MotionRequest",
    "MotionResult",
    "MotionTake",
    "Pack",
    "PackError",
    "PlainResult",
    "PoseRequest",
    "PoseResult",
    "RefitResult",
    "RemovedKeys",
    "RetargetRequest",
    "RetargetResult",
    "RetargetTake",
    "Texture",
    "TextureRequest",
    "TextureResult",
    "Thumbnail",
    "Worn",
    "add_human",
    "animate_file",
    "apply_texture",
    "body_in_slices",
    "change_body",
    "change_clothes",
    "change_material",
    "change_motion",
    "character_file",
    "character_in_slices",
    "clothes_in_slices",
    "complete_pose",
    "convert_clips",
    "correct_rig",
    "corrections_of",
    "count_slots",
    "create_character",
    "describe_rig",
    "doctor_report",
    "doing_in_slices",
    "forget_corrections",
    "generate_material",
    "generate_motion",
    "generate_texture",
    "inbetween",
    "inbetween_file",
    "inbetween_in_slices",
    "list_packs",
    "load_map",
    "lock_feet",
    "lock_feet_file",
    "lock_feet_in_slices",
    "make_control_rig",
    "make_demo",
    "make_textures",
    "map_rig",
    "material_in_slices",
    "motion_in_slices",
    "open_rig",
    "pack_folders",
    "pack_info",
    "pick_pack",
    "read_motion",
    "refit_in_slices",
    "refit_keys",
    "refit_keys_file",
    "remove_generated",
    "remove_generated_file",
    "retarget",
    "retarget_file",
    "retarget_in_slices",
    "rig_report",
    "save_map",
    "skin_in_slices",
    "test_device",
    "texture_in_slices",
    "thumbnail_in_slices",
    "verify_packs",
    "write_texture",
]
