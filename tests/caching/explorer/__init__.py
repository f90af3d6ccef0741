"""An explicit-state explorer that drives the real protocol code.

`replay` runs the code one command at a time; `world` is the state it talks to; `redis` and `rules` say what each
command does; `search` visits everything that can happen.
"""

from .replay import Actor, Script, node
from .rules import Rules
from .search import Exploration, explore
from .world import World, body

__all__ = ["Actor", "Exploration", "Rules", "Script", "World", "body", "explore", "node"]
