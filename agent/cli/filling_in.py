"""`manual`: the form of what a person looks at."""

import typer

from agent import answers
from agent.cli import options
from agent.output import put


def register(app: typer.Typer) -> None:
    """Add this module's subcommand."""
    app.command()(manual)


def manual(
    path: options.InventoryOption = options.INVENTORY,
    site: options.SiteOption = [],
    device: options.DeviceOption = [],
    device_class: options.ClassOption = [],
    cadence: options.CadenceOption = None,
    lang: options.LangOption = None,
) -> None:
    """Print the form of what people look at · 现场检查表.

    Fill it in, and give it to `inspect --manual`. 填写后交给 inspect --manual。
    """
    setup, spoken = options.opened(path, lang, resolve=False)
    entries = options.select(setup.inventory, site, device, device_class)
    wanted = answers.asked(setup.items, entries, options.cadence_of(cadence))
    put(answers.blank(wanted, spoken))
