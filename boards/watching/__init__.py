"""Watching a run: the journal that it writes, what is made of it, and a page that shows it.

Training --> Recorder --> journal --> Follower --> state --> terminal
                                                         --> Server --> page
"""

from boards.watching.journal import Follower, Journal, beside
from boards.watching.recorder import Recorder
from boards.watching.server import Server
from boards.watching.state import State, Watcher, state_of

__all__ = ["Follower", "Journal", "Recorder", "Server", "State", "Watcher", "beside", "state_of"]
