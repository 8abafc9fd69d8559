"""The peer of attacks.bench.mjs: the same filters in OpenCV, Pillow and scikit-image, on the same pixels, with two threads.

Usage: attacks.py FOLDER. FOLDER holds `pixels.<side>.bin` (8-bit RGB, interleaved) and `<side>.png`. Says what there is on
the first line; then each line "NAME SIDE CALLS" on standard input is answered by the milliseconds of the fastest of so many
calls, or by "-" where the library lacks the filter. Names with a slash are other ways to the same: "median/floats" (floats of 0..1 in and out, as attacks have them),
"median/file" (a PNG file in and out), "median/pillow" and "median/pillow-file" (another library).
"""
import sys
import time

import cv2
import numpy
from PIL import Image, ImageFilter

cv2.setNumThreads(2)
folder = sys.argv[1]


def adverse_cleaner(pixels):
    noisy = pixels.astype(numpy.float32)
    clean = noisy.copy()
    for _ in range(64):
        clean = cv2.bilateralFilter(clean, 5, 8, 8)
    for _ in range(4):
        clean = cv2.ximgproc.guidedFilter(noisy, clean, 4, 16)
    return clean.clip(0, 255).astype(numpy.uint8)


def guided(pixels):
    values = pixels.astype(numpy.float32)
    return cv2.ximgproc.guidedFilter(values, values, 8, 500)


def rescale(pixels):
    image = Image.fromarray(pixels)
    half = (image.width // 2, image.height // 2)
    return image.resize(half, Image.LANCZOS).resize(image.size, Image.LANCZOS)


def wavelet(pixels):
    from skimage.restoration import denoise_wavelet
    return [denoise_wavelet(pixels[..., c] / 255, rescale_sigma=False) for c in range(3)]


def floats(filtered):
    return lambda image: filtered((image * 255).round().clip(0, 255).astype(numpy.uint8)).astype(numpy.float32) / 255


def file(filtered):
    return lambda path: cv2.imwrite(path + '.out.png', filtered(cv2.imread(path)))


def pillow_file(kernel):
    return lambda path: Image.open(path).convert('RGB').filter(kernel).save(path + '.out.png')


FILTERS = {
    'adverse-cleaner': adverse_cleaner,
    'bilateral': lambda pixels: cv2.bilateralFilter(pixels.astype(numpy.float32), 9, 50, 5),
    'guided': guided,
    'gaussian-blur': lambda pixels: cv2.GaussianBlur(pixels, (0, 0), 1),
    'median': lambda pixels: cv2.medianBlur(pixels, 3),
    'non-local-means': lambda pixels: cv2.fastNlMeansDenoisingColored(pixels, None, 6, 6, 7, 21),
    'rescale': rescale,
    'wavelet': wavelet,
}
for name, kernel in (('gaussian-blur', ImageFilter.GaussianBlur(1)), ('median', ImageFilter.MedianFilter(3))):
    FILTERS[f'{name}/floats'] = floats(FILTERS[name])
    FILTERS[f'{name}/file'] = file(FILTERS[name])
    FILTERS[f'{name}/pillow'] = lambda image, kernel=kernel: image.filter(kernel)
    FILTERS[f'{name}/pillow-file'] = pillow_file(kernel)


def given(name, pixels):
    """What a filter starts from."""
    if name.endswith('file'):
        return f'{folder}/{pixels.shape[0]}.png'
    if name.endswith('/floats'):
        return pixels.astype(numpy.float32) / 255
    return Image.fromarray(pixels) if name.endswith('/pillow') else pixels


print(f'OpenCV {cv2.__version__}, Pillow {Image.__version__}', flush=True)
for line in sys.stdin:
    name, side, calls = line.split()
    pixels = numpy.fromfile(f'{folder}/pixels.{side}.bin', numpy.uint8).reshape(int(side), int(side), 3)
    picture = given(name, pixels)
    fastest = float('inf')
    try:
        for _ in range(int(calls)):
            start = time.perf_counter()
            FILTERS[name](picture)
            fastest = min(fastest, time.perf_counter() - start)
        print(1000 * fastest, flush=True)
    except (KeyError, AttributeError, ImportError):  # no such filter, or no opencv_contrib, no scikit-image
        print('-', flush=True)
