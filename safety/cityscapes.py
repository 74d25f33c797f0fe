"""The nineteen classes of Cityscapes (Cordts et al. 2016), and which of CamVid's they are."""

from __future__ import annotations

import numpy as np

from road_clarity.safety.scene import CLASSES

# train id order; the class that CamVid, as SegNet groups it, would give the same thing
TO_CAMVID = {
    "road": "Road", "sidewalk": "Pavement", "building": "Building", "wall": "Building",
    "fence": "Fence", "pole": "Pole", "traffic light": "SignSymbol", "traffic sign": "SignSymbol",
    "vegetation": "Tree", "terrain": "Tree", "sky": "Sky", "person": "Pedestrian",
    "rider": "Bicyclist", "car": "Car", "truck": "Car", "bus": "Car", "train": "Car",
    "motorcycle": "Bicyclist", "bicycle": "Bicyclist",
}  # fmt: skip
CITYSCAPES_CLASSES = tuple(TO_CAMVID)
CAMVID_INDEX = tuple(CLASSES.index(name) for name in TO_CAMVID.values())  # train id -> CLASSES

# id in *_labelIds.png of each class, by train id
_IDS = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
LABEL_IDS = np.full(256, 255, np.uint8)  # label id -> train id, 255 for what does not count
LABEL_IDS[list(_IDS)] = range(len(_IDS))
