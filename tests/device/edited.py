"""Pictures that look like photographs to what finds frames and screens, and edits of them."""

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]


def textured(seed: int, rows: int = 300, columns: int = 400) -> Luma:
    """Noise of many sizes, the larger the stronger, as in photographs: no lines, no flat parts."""
    rng = np.random.default_rng(seed)
    total = np.zeros((rows, columns), np.float32)
    for power in range(2, 8):
        noise = rng.standard_normal((2**power, 2**power)).astype(np.float32)
        large = cv2.resize(noise, (columns, rows), interpolation=cv2.INTER_CUBIC)
        total += large.astype(np.float32) / 1.7**power
    low, high = np.percentile(total, [1, 99])
    return np.asarray(np.clip((total - low) / (high - low) * 215 + 20, 0, 255), np.uint8)


def on(ground: Luma, picture: Luma, left: int, top: int) -> Luma:
    """A picture laid on another."""
    laid = ground.copy()
    laid[top : top + len(picture), left : left + picture.shape[1]] = picture
    return laid


def flat(rows: int, columns: int, grey: int) -> Luma:
    return np.full((rows, columns), grey, np.uint8)


def fitted(picture: Luma, rows: int, columns: int) -> Luma:
    return np.asarray(cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8)


def letterboxed(picture: Luma, grey: int = 0) -> Luma:
    rows, columns = picture.shape
    return on(flat(rows + 100, columns, grey), picture, 0, 50)


def captioned(picture: Luma) -> Luma:
    """Two lines of text on white above the picture."""
    rows, columns = picture.shape
    whole = on(flat(rows + 80, columns, 255), picture, 0, 80)
    for line, text in enumerate(["when nobody is looking", "at all, or so you think"]):
        place = (15, 32 + 30 * line)
        cv2.putText(whole, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.8, 0, 2, cv2.LINE_AA)
    return whole


def storied(picture: Luma) -> Luma:
    """The picture on its own blurred enlargement, upright as a phone is held."""
    rows, columns = 640, 360
    high = round(picture.shape[0] * columns / picture.shape[1])
    blurred = cv2.GaussianBlur(fitted(picture, rows, rows), (0, 0), 16)
    ground = np.asarray(blurred[:, 140 : 140 + columns] * 0.7, np.uint8)
    return on(ground, fitted(picture, high, columns), 0, (rows - high) // 2)


def onto(ground: Luma, picture: Luma, corners: list[tuple[int, int]]) -> Luma:
    """The picture drawn into four corners, clockwise from the top left, of another."""
    rows, columns = picture.shape
    source = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, np.array(corners, np.float32))
    size = ground.shape[::-1]
    drawn = cv2.warpPerspective(picture, matrix, size, flags=cv2.INTER_AREA)
    inside = cv2.warpPerspective(np.ones_like(picture), matrix, size, flags=cv2.INTER_NEAREST)
    return np.where(inside > 0, drawn, ground).astype(np.uint8)


def on_a_screen(picture: Luma) -> Luma:
    """Photographed from a screen with a dark bezel, a little askew, on a table."""
    rows, columns = picture.shape
    screen = on(flat(rows + 40, columns + 40, 25), picture, 20, 20)
    table = (textured(99, 480, 640) // 3 + 120).astype(np.uint8)
    return onto(table, screen, [(70, 50), (565, 75), (580, 430), (60, 415)])


def turned_on_black(picture: Luma, degrees: float = 12) -> Luma:
    rows, columns = picture.shape
    matrix = cv2.getRotationMatrix2D((columns / 2, rows / 2), degrees, 1)
    around = np.array([[0, columns, columns, 0], [0, 0, rows, rows], [1, 1, 1, 1]])
    x, y = matrix @ around
    matrix[:, 2] -= x.min(), y.min()
    size = (int(np.ptp(x)) + 1, int(np.ptp(y)) + 1)
    return np.asarray(cv2.warpAffine(picture, matrix, size), np.uint8)


def stickered(picture: Luma, x: int = 150, y: int = 120, radius: int = 55) -> Luma:
    """A round face over the picture."""
    whole = picture.copy()
    cv2.circle(whole, (x, y), radius, 250, -1, cv2.LINE_AA)
    for beside in (-20, 20):
        cv2.circle(whole, (x + beside, y - 15), 6, 30, -1, cv2.LINE_AA)
    return whole
