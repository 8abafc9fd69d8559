"""What OpenCV, Pillow and scikit-image make of pictures: the peer of peers.test.ts.

Usage: peers.py FOLDER. FOLDER/cases.json is a list of {filter, params, width, height}; case i's 8-bit RGB pixels are in
FOLDER/i.in, and what becomes of them is written to FOLDER/i.out. Fails where a library is missing.
"""
import json
import sys
import warnings

import cv2
import numpy
from PIL import Image
from skimage.restoration import denoise_wavelet

warnings.simplefilter('ignore')  # of wavelets longer than a small picture
cv2.setUseOptimized(False)  # the portable path
folder = sys.argv[1]


def bytes_of(values):
    return numpy.clip(numpy.rint(values), 0, 255).astype(numpy.uint8)


def bilateral(pixels, diameter, sigmaColor, sigmaSpace):
    return bytes_of(cv2.bilateralFilter(pixels.astype(numpy.float32), diameter, sigmaColor, sigmaSpace))


def guided(pixels, radius, eps):
    values = pixels.astype(numpy.float32)
    return bytes_of(cv2.ximgproc.guidedFilter(values, values, radius, eps))


def adverse_cleaner(pixels, bilateral, guidedCount):
    noisy = pixels.astype(numpy.float32)
    clean = noisy.copy()
    for _ in range(bilateral):
        clean = cv2.bilateralFilter(clean, 5, 8, 8)
    for _ in range(guidedCount):
        clean = cv2.ximgproc.guidedFilter(noisy, clean, 4, 16)
    return clean.clip(0, 255).astype(numpy.uint8)


def non_local_means(pixels, h, hColor, template, search):
    flipped = numpy.ascontiguousarray(pixels[..., ::-1])
    return cv2.fastNlMeansDenoisingColored(flipped, None, h, hColor, template, search)[..., ::-1]


def rescale(pixels, scale, kernel):
    image = Image.fromarray(pixels)
    small = tuple(int(numpy.floor(side * scale + 0.5)) for side in image.size)
    resample = getattr(Image.Resampling, kernel.upper())
    return numpy.asarray(image.resize(small, resample).resize(image.size, resample))


def wavelet(pixels, method, sigma, wavelet):
    name = {'bayes': 'BayesShrink', 'visu': 'VisuShrink'}[method]
    planes = [
        denoise_wavelet(pixels[..., c] / 255, sigma=sigma / 255, wavelet=wavelet, method=name, rescale_sigma=False)
        for c in range(3)
    ]
    return bytes_of(255 * numpy.stack(planes, -1))


FILTERS = {
    'gaussian-blur': lambda pixels, sigma: cv2.GaussianBlur(pixels, (0, 0), sigma),
    'median': lambda pixels, size: cv2.medianBlur(pixels, size),
    'bilateral': bilateral,
    'guided': guided,
    'adverse-cleaner': adverse_cleaner,
    'non-local-means': non_local_means,
    'rescale': rescale,
    'wavelet': wavelet,
}

with open(f'{folder}/cases.json') as file:
    cases = json.load(file)
for i, case in enumerate(cases):
    pixels = numpy.fromfile(f'{folder}/{i}.in', numpy.uint8).reshape(case['height'], case['width'], 3)
    FILTERS[case['filter']](pixels, **case['params']).tofile(f'{folder}/{i}.out')
print(f'OpenCV {cv2.__version__}, Pillow {Image.__version__}')
