"""Writes the golden files of npy.test.ts with NumPy (made with NumPy 1.24.2): `python3 make.py` in this folder."""
import numpy as np
from numpy.lib import format as npy

count = np.arange(24)
half = np.array([0, -0.0, 1, -1.5, 65504, 6e-8, 6.1e-5, 0.1, np.inf, -np.inf, 1 / 3, 2049], '<f2')
files = {
    'float16': (half, (1, 0)),
    'float32-fortran': (np.asfortranarray((count / 8 - 1).astype('<f4').reshape(2, 3, 4)), (1, 0)),
    'float32-big-endian': ((count / 8 - 1).astype('>f4').reshape(4, 6), (1, 0)),
    'float64-v2': (np.pi * count.astype('<f8').reshape(2, 12), (2, 0)),
    'float64-big-endian-fortran': (np.asfortranarray(count.astype('>f8').reshape(3, 8)), (1, 0)),
    'int64': (np.array([[-(2**63), 2**63 - 1, 0]], '<i8'), (1, 0)),
    'uint16-v3': (np.array([0, 1, 65535], '<u2'), (3, 0)),
    'int8': (np.array([-128, 127], 'i1'), (1, 0)),
    'bool': (np.array([[True], [False]]), (1, 0)),
    'scalar': (np.array(2.5, '<f4'), (1, 0)),
    'empty': (np.zeros((0, 3), '<f4'), (1, 0)),
    'objects': (np.array([None, 'x'], object), (1, 0)),
    'records': (np.zeros(2, [('a', '<f4'), ('b', '<i4')]), (1, 0)),
    'complex': (np.zeros(2, '<c8'), (1, 0)),
}
for name, (array, version) in files.items():
    with open(f'{name}.npy', 'wb') as file:
        npy.write_array(file, array, version=version, allow_pickle=True)
