# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured of a body: the 93 measurements of ANSUR II by its own names, in metres and kilograms.

ANSUR II is the US Army's anthropometric survey of 2012 (Gordon et al. 2014, NATICK/TR-15/007; public domain), whose
report shows how each is taken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from ..errors import GalateaError

# Means of the survey's 1,986 women and 4,082 men; metres, weightkg in kilograms.
_MEANS: dict[str, tuple[float, float]] = {
    "abdominalextensiondepthsitting": (0.2297, 0.2547),
    "acromialheight": (1.3351, 1.4407),
    "acromionradialelength": (0.3112, 0.3352),
    "anklecircumference": (0.2157, 0.2293),
    "axillaheight": (1.2390, 1.3291),
    "balloffootcircumference": (0.2281, 0.2520),
    "balloffootlength": (0.1821, 0.2009),
    "biacromialbreadth": (0.3653, 0.4157),
    "bicepscircumferenceflexed": (0.3056, 0.3581),
    "bicristalbreadth": (0.2733, 0.2754),
    "bideltoidbreadth": (0.4503, 0.5104),
    "bimalleolarbreadth": (0.0670, 0.0748),
    "bitragionchinarc": (0.3110, 0.3317),
    "bitragionsubmandibulararc": (0.2880, 0.3157),
    "bizygomaticbreadth": (0.1338, 0.1426),
    "buttockcircumference": (1.0212, 1.0195),
    "buttockdepth": (0.2329, 0.2458),
    "buttockheight": (0.8337, 0.8879),
    "buttockkneelength": (0.5906, 0.6180),
    "buttockpopliteallength": (0.4851, 0.5029),
    "calfcircumference": (0.3733, 0.3923),
    "cervicaleheight": (1.3957, 1.5173),
    "chestbreadth": (0.2693, 0.2894),
    "chestcircumference": (0.9469, 1.0587),
    "chestdepth": (0.2474, 0.2538),
    "chestheight": (1.1716, 1.2911),
    "crotchheight": (0.7823, 0.8459),
    "crotchlengthomphalion": (0.6208, 0.6223),
    "crotchlengthposterioromphalion": (0.3419, 0.3559),
    "earbreadth": (0.0332, 0.0361),
    "earlength": (0.0594, 0.0642),
    "earprotrusion": (0.0204, 0.0232),
    "elbowrestheight": (0.2324, 0.2450),
    "eyeheightsitting": (0.7477, 0.8045),
    "footbreadthhorizontal": (0.0927, 0.1019),
    "footlength": (0.2463, 0.2712),
    "forearmcenterofgriplength": (0.3177, 0.3490),
    "forearmcircumferenceflexed": (0.2641, 0.3101),
    "forearmforearmbreadth": (0.4948, 0.5799),
    "forearmhandlength": (0.4399, 0.4802),
    "functionalleglength": (1.0443, 1.1302),
    "handbreadth": (0.0782, 0.0883),
    "handcircumference": (0.1866, 0.2123),
    "handlength": (0.1811, 0.1933),
    "headbreadth": (0.1478, 0.1543),
    "headcircumference": (0.5611, 0.5744),
    "headlength": (0.1898, 0.1995),
    "heelanklecircumference": (0.3103, 0.3435),
    "heelbreadth": (0.0672, 0.0725),
    "hipbreadth": (0.3538, 0.3457),
    "hipbreadthsitting": (0.3990, 0.3793),
    "iliocristaleheight": (0.9957, 1.0616),
    "interpupillarybreadth": (0.0617, 0.0640),
    "interscyei": (0.3734, 0.4309),
    "interscyeii": (0.3957, 0.4502),
    "kneeheightmidpatella": (0.4490, 0.4884),
    "kneeheightsitting": (0.5113, 0.5542),
    "lateralfemoralepicondyleheight": (0.4659, 0.4917),
    "lateralmalleolusheight": (0.0627, 0.0729),
    "lowerthighcircumference": (0.4007, 0.4093),
    "mentonsellionlength": (0.1131, 0.1226),
    "neckcircumference": (0.3298, 0.3976),
    "neckcircumferencebase": (0.3712, 0.4346),
    "overheadfingertipreachsitting": (1.3097, 1.4267),
    "palmlength": (0.1087, 0.1165),
    "poplitealheight": (0.3882, 0.4298),
    "radialestylionlength": (0.2413, 0.2679),
    "shouldercircumference": (1.0282, 1.1786),
    "shoulderelbowlength": (0.3343, 0.3637),
    "shoulderlength": (0.1354, 0.1498),
    "sittingheight": (0.8566, 0.9183),
    "sleevelengthspinewrist": (0.8067, 0.8958),
    "sleeveoutseam": (0.5436, 0.5931),
    "span": (1.6603, 1.8142),
    "stature": (1.6285, 1.7562),
    "suprasternaleheight": (1.3297, 1.4386),
    "tenthribheight": (1.0563, 1.1207),
    "thighcircumference": (0.6161, 0.6251),
    "thighclearance": (0.1679, 0.1805),
    "thumbtipreach": (0.7440, 0.8119),
    "tibialheight": (0.4378, 0.4682),
    "tragiontopofhead": (0.1265, 0.1311),
    "trochanterionheight": (0.8454, 0.9009),
    "verticaltrunkcircumferenceusa": (1.5594, 1.6648),
    "waistbacklength": (0.4254, 0.4776),
    "waistbreadth": (0.2999, 0.3264),
    "waistcircumference": (0.8609, 0.9406),
    "waistdepth": (0.2130, 0.2378),
    "waistfrontlengthsitting": (0.3551, 0.3876),
    "waistheightomphalion": (0.9801, 1.0565),
    "weightkg": (67.76, 85.52),
    "wristcircumference": (0.1548, 0.1759),
    "wristheight": (0.7942, 0.8475),}

NAMES: tuple[str, ...] = tuple(_MEANS)
INDEX: dict[str, int] = {name: at for at, name in enumerate(NAMES)}
WEIGHT = "weightkg"
SEX, AGE = "sex", "age"
_AGE = 30.0  # the survey's middle, years

# What a mesh follows.
CORE: tuple[str, ...] = (
    "stature", WEIGHT, "cervicaleheight", "acromialheight", "chestheight", "waistheightomphalion",
    "trochanterionheight", "crotchheight", "kneeheightmidpatella", "lateralmalleolusheight", "biacromialbreadth",
    "bideltoidbreadth", "chestbreadth", "chestdepth", "waistbreadth", "waistdepth", "hipbreadth", "buttockdepth",
    "neckcircumference", "chestcircumference", "waistcircumference", "buttockcircumference", "thighcircumference",
    "lowerthighcircumference", "calfcircumference", "anklecircumference", "bicepscircumferenceflexed",
    "forearmcircumferenceflexed", "wristcircumference", "acromionradialelength", "radialestylionlength", "handlength",
    "palmlength", "handbreadth", "handcircumference", "footlength", "balloffootlength", "footbreadthhorizontal",
    "headlength", "headbreadth", "headcircumference", "mentonsellionlength", "bizygomaticbreadth", "tragiontopofhead",
    "interpupillarybreadth", "earlength",
)

# Of every body the first is more than the second. It holds for each of the survey's 6,068 people.
_ORDER = """
stature cervicaleheight, cervicaleheight acromialheight, cervicaleheight suprasternaleheight,
suprasternaleheight axillaheight, acromialheight axillaheight, suprasternaleheight chestheight,
chestheight tenthribheight, acromialheight waistheightomphalion, waistheightomphalion trochanterionheight,
iliocristaleheight trochanterionheight, waistheightomphalion buttockheight, waistheightomphalion crotchheight,
wristheight kneeheightmidpatella, crotchheight kneeheightmidpatella, crotchheight lateralfemoralepicondyleheight,
kneeheightmidpatella lateralmalleolusheight, tibialheight lateralmalleolusheight,
stature sittingheight, sittingheight eyeheightsitting, eyeheightsitting elbowrestheight,
kneeheightsitting poplitealheight, buttockkneelength buttockpopliteallength,
bideltoidbreadth biacromialbreadth, biacromialbreadth chestbreadth, waistbreadth waistdepth, hipbreadth buttockdepth,
hipbreadth bicristalbreadth, chestcircumference neckcircumference, buttockcircumference thighcircumference,
waistcircumference thighcircumference, thighcircumference lowerthighcircumference,
thighcircumference calfcircumference, calfcircumference anklecircumference, heelanklecircumference anklecircumference,
bicepscircumferenceflexed wristcircumference, forearmcircumferenceflexed wristcircumference,
neckcircumferencebase neckcircumference, headcircumference neckcircumferencebase,
acromionradialelength radialestylionlength, radialestylionlength handlength, handlength palmlength,
palmlength handbreadth, forearmhandlength forearmcenterofgriplength, forearmcenterofgriplength radialestylionlength,
footlength balloffootlength, balloffootlength footbreadthhorizontal, footbreadthhorizontal heelbreadth,
headlength headbreadth, mentonsellionlength interpupillarybreadth, earlength earbreadth, span sleevelengthspinewrist,
verticaltrunkcircumferenceusa chestcircumference
"""
ORDER: tuple[tuple[str, str], ...] = tuple(tuple(pair.split()) for pair in _ORDER.split(","))

# A closed line round something is longer than twice as wide as that is.
ROUND: tuple[tuple[str, str], ...] = (
    ("chestcircumference", "chestbreadth"), ("chestcircumference", "chestdepth"),
    ("waistcircumference", "waistbreadth"), ("waistcircumference", "waistdepth"),
    ("buttockcircumference", "hipbreadth"), ("buttockcircumference", "buttockdepth"),
    ("handcircumference", "handbreadth"), ("balloffootcircumference", "footbreadthhorizontal"),
    ("headcircumference", "headlength"),
)

# Lowest and highest that a body may have, a little beyond the survey's (1.41-1.99 m, 36-144 kg, 15.4-43.5,
# 0.42-0.54, 0.91-1.15, 0.50-0.61).
RANGES: dict[str, tuple[float, float]] = {
    "stature, m": (1.35, 2.10),
    "weight, kg": (33.0, 155.0),
    "weight / stature², kg/m²": (14.5, 46.0),
    "crotchheight / stature": (0.41, 0.56),
    "span / stature": (0.89, 1.17),
    "arm / acromialheight": (0.48, 0.63),
}


@dataclass(frozen=True, eq=False)
class Measurements(Mapping[str, float]):
    """One body: `measured` (93,) in the order of NAMES, sex from 0 (female) to 1 (male), age in years.

    As a mapping it has each of NAMES, "sex" and "age".
    """

    measured: np.ndarray
    sex: float
    age: float = _AGE

    def __post_init__(self) -> None:
        values = np.array(self.measured, dtype=np.float64)
        if values.shape != (len(NAMES),) or not (np.isfinite(values).all() and (values > 0.0).all()):
            raise GalateaError(f"a body has {len(NAMES)} measurements, each above 0; these are {values.shape} numbers")
        values.setflags(write=False)
        object.__setattr__(self, "measured", values)

    def __getitem__(self, name: str) -> float:
        if name in (SEX, AGE):
            return self.sex if name == SEX else self.age
        return float(self.measured[INDEX[name]])

    def __iter__(self) -> Iterator[str]:
        return iter((*NAMES, SEX, AGE))

    def __len__(self) -> int:
        return len(NAMES) + 2

    @property
    def bmi(self) -> float:
        """Weight over the square of stature, kg/m²."""
        return self[WEIGHT] / self["stature"] ** 2


def average(sex: float = 0.5) -> Measurements:
    """The mean of the survey's women (0), its men (1), or between them."""
    women, men = np.array(list(_MEANS.values())).T
    return Measurements(women + (men - women) * _checked_sex(sex), sex)


def broken(values: np.ndarray) -> dict[str, np.ndarray]:
    """Which of bodies (N, 93) break each rule of ORDER, ROUND and RANGES: rule -> (N,) bool."""
    get = {name: values[:, at] for name, at in INDEX.items()}
    found = {f"{more} > {less}": get[more] <= get[less] for more, less in ORDER}
    found |= {f"{line} > 2 {across}": get[line] <= 2.0 * get[across] for line, across in ROUND}
    stature = get["stature"]
    arm = get["acromionradialelength"] + get["radialestylionlength"] + get["handlength"]
    ranged = (stature, get[WEIGHT], get[WEIGHT] / stature ** 2, get["crotchheight"] / stature, get["span"] / stature,
              arm / get["acromialheight"])
    for (rule, (low, high)), value in zip(RANGES.items(), ranged, strict=True):
        found[f"{low:g} < {rule} < {high:g}"] = (value <= low) | (value >= high)
    return found


def impossible(values: np.ndarray) -> np.ndarray:
    """(N,) whether bodies (N, 93) break any rule that bodies keep: see ORDER, ROUND and RANGES."""
    return np.any(list(broken(values).values()), axis=0)


def _checked_sex(sex: float) -> float:
    if not 0.0 <= sex <= 1.0:
        raise GalateaError(f"sex {sex:g}: give a number from 0 (female) to 1 (male)")
    return float(sex)
