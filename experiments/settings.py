"""Checks of settings, worded alike for every configuration. No torch here."""

from curvature.errors import ConfigError


def require_setting(config: object, what: str, name: str, condition: bool, expected: str) -> None:
    """Refuse a setting unless the condition holds.

    Parameters
    ----------
    config
        The settings.
    what
        What they are settings of, such as ``training``.
    name
        The name of the one in question.
    condition
        Whether it is good.
    expected
        What would be good, for the message.

    Raises
    ------
    ConfigError
        If it does not hold.
    """
    if not condition:
        raise ConfigError(f"{what} setting {name}: expected {expected}, got {getattr(config, name)!r}")


def require_at_least(config: object, what: str, **least: int) -> None:
    """Refuse every setting that is below its least value.

    Parameters
    ----------
    config
        The settings.
    what
        What they are settings of, such as ``training``.
    least
        Least values by the settings' names.

    Raises
    ------
    ConfigError
        If one is.
    """
    for name, bound in least.items():
        require_setting(config, what, name, getattr(config, name) >= bound, f"at least {bound}")
