"""What OpenCV's background models find in a video: bench-seeing-opencv.py knn|mog2 VIDEO prints [[from, to], ...] in seconds.

The sketch that people begin with: grey 320x180 five times a second, the model's foreground (no shadows) cleaned by an opening,
movement where at least 0.4 % of the picture is foreground, joined over gaps of up to 1.5 s.
"""
import json
import sys

import cv2

FRAMES_PER_S = 5
SHARE_MIN = 0.004
GAP_S = 1.5
WARM_UP_S = 1


def main(kind: str, path: str) -> None:
    video = cv2.VideoCapture(path)
    if not video.isOpened():
        sys.exit(f"{path}: OpenCV cannot open it")
    make = {"knn": cv2.createBackgroundSubtractorKNN, "mog2": cv2.createBackgroundSubtractorMOG2}[kind]
    model = make(history=300, detectShadows=True)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    spans, next_s, first_s = [], 0.0, None
    while video.grab():
        at = video.get(cv2.CAP_PROP_POS_MSEC) / 1000
        first_s = at if first_s is None else first_s
        if at < next_s:
            continue
        next_s = at + 1 / FRAMES_PER_S - 0.01
        _, picture = video.retrieve()
        grey = cv2.resize(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), (320, 180), interpolation=cv2.INTER_AREA)
        mask = cv2.morphologyEx((model.apply(grey) == 255).astype("uint8"), cv2.MORPH_OPEN, kernel)
        if mask.mean() < SHARE_MIN or at - first_s < WARM_UP_S:
            continue
        if spans and at - spans[-1][1] <= GAP_S:
            spans[-1][1] = at
        else:
            spans.append([at, at])
    print(json.dumps(spans))


if __name__ == "__main__":
    main(*sys.argv[1:])
