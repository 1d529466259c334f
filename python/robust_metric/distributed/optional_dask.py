"""Dask, which is an extra of the package: what needs it imports it from here."""

try:
    import dask
    import dask.array as da
except ImportError as error:
    raise ImportError(
        'robust_metric.dask needs Dask, which is not installed: pip install "robust-metric[dask]"'
    ) from error

__all__ = ["da", "dask"]
