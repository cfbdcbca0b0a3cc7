"""The tutorials are tests too (nbval), and no test may spend money."""

from tests.environment import force_studio, keep_bytecode, use_unix_sockets

force_studio()
keep_bytecode()
use_unix_sockets()
