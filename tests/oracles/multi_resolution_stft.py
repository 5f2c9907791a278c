"""Distances of spectra, frame by frame, by NumPy's transform."""

import numpy as np

USUAL = ((1024, 120, 600), (2048, 240, 1200), (512, 50, 240))


def magnitudes(signal, fft, hop, length, eps):
    before = (fft - length) // 2
    window = np.zeros(fft)
    window[before : before + length] = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(length) / length)
    padded = np.pad(signal, [(0, 0)] * (signal.ndim - 1) + [(fft // 2, fft // 2)], mode="reflect")
    frames = [padded[..., k : k + fft] for k in range(0, signal.shape[-1] + 1, hop)]
    spectra = np.fft.rfft(window * np.stack(frames, axis=-2))
    return np.sqrt(np.maximum(np.abs(spectra) ** 2, eps))


def size(pred, target, *, resolutions=None, eps=1e-8, **options):
    """What a logarithm makes of the rounding of a spectrum, which is that of the loudest frequencies."""
    sizes = []
    for fft, hop, length in USUAL if resolutions is None else np.asarray(resolutions, int):
        for each in (pred, target):
            found = magnitudes(each, fft, hop, length, eps)
            sizes.append((np.sqrt((found**2).sum(axis=-1, keepdims=True)) / found).mean(axis=(-2, -1)))
    return 1.0 + np.max(sizes, axis=0)


def value(pred, target, *, resolutions=None, w_sc=1.0, w_log_mag=1.0, w_lin_mag=0.0, eps=1e-8):
    losses = []
    for fft, hop, length in USUAL if resolutions is None else np.asarray(resolutions, int):
        x, y = (magnitudes(each, fft, hop, length, eps) for each in (pred, target))
        loss = w_sc * np.sqrt(((x - y) ** 2).sum(axis=(-2, -1)) / (y**2).sum(axis=(-2, -1)))
        loss = loss + w_log_mag * np.abs(np.log(x / y)).mean(axis=(-2, -1))
        losses.append(loss + w_lin_mag * np.abs(x - y).mean(axis=(-2, -1)))
    return np.mean(losses, axis=0)
