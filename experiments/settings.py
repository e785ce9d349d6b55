"""Checks of settings, worded alike for every configuration. No torch here."""

from curvature.errors import ConfigError


def require_setting(condition: bool, section: str, config: object, name: str, expected: str) -> None:
    """Refuse a setting unless the condition holds.

    Parameters
    ----------
    condition
        Whether the setting is good.
    section
        Of which configuration it is: ``training``, say.
    config
        The configuration.
    name
        The setting's name.
    expected
        What would be good, for the message.

    Raises
    ------
    ConfigError
        If it does not hold.
    """
    if not condition:
        raise ConfigError(f"{section} setting {name}: expected {expected}, got {getattr(config, name)!r}")


def require_at_least(section: str, config: object, **least: int) -> None:
    """Refuse every named setting that is below its bound.

    Raises
    ------
    ConfigError
        If one is.
    """
    for name, bound in least.items():
        require_setting(getattr(config, name) >= bound, section, config, name, f"at least {bound}")
