"""Ranges of settings, checked where a configuration is made. No torch here."""

from curvature.errors import ConfigError


def require_at_least(config: object, what: str, **least: int) -> None:
    """Raise a ConfigError unless each of these settings has at least its least value.

    Parameters
    ----------
    config
        The settings.
    what
        What they are settings of, such as ``comparison``.
    least
        Least values by the settings' names.
    """
    for name, bound in least.items():
        value = getattr(config, name)
        if value < bound:
            raise ConfigError(f"{what} setting {name}: expected at least {bound}, got {value!r}")
