"""OpenStack Swift with its S3 interface in one process on loopback, for tests: proxy, account, container and object server.

Usage: swift-in-one-process.py FOLDER. Prints the port of the proxy on one line when it is ready; ends when stdin does.
The packages of Debian bring all of it; nothing outside FOLDER is written, and no memcached is needed.
"""
import eventlet

eventlet.monkey_patch()

import array
import os
import sys

from eventlet import wsgi

folder = sys.argv[1]
os.makedirs(os.path.join(folder, 'node', 'disk'))
with open(os.path.join(folder, 'swift.conf'), 'w') as conf:
    conf.write('[swift-hash]\nswift_hash_path_prefix = lintel\nswift_hash_path_suffix = lintel\n'
               '[storage-policy:0]\nname = only\ndefault = yes\n')

from swift.common import utils

utils.set_swift_dir(folder)

from swift.common.ring.ring import RingData
from swift.common.storage_policy import reload_storage_policies
from swift.common.wsgi import loadapp

reload_storage_policies()


def has_attributes():
    """Swift keeps what it knows of an object in extended attributes of its file."""
    try:
        os.setxattr(os.path.join(folder, 'node'), 'user.lintel', b'x' * 2000)
        return True
    except OSError:
        return False


class Cache:
    """Stands in for memcached: remembers for as long as the process lives."""

    def __init__(self):
        self.values = {}

    def get(self, key, **_):
        return self.values.get(key)

    def set(self, key, value, **_):
        self.values[key] = value

    def incr(self, key, delta=1, **_):
        self.values[key] = self.values.get(key, 0) + delta
        return self.values[key]

    def delete(self, key, **_):
        self.values.pop(key, None)


def write_ring(name, port):
    device = {'id': 0, 'region': 1, 'zone': 1, 'ip': '127.0.0.1', 'port': port, 'device': 'disk', 'weight': 1.0,
              'replication_ip': '127.0.0.1', 'replication_port': port, 'meta': ''}
    ring = RingData([array.array('H', [0, 0])], [device], 31)
    ring.save(os.path.join(folder, name + '.ring.gz'))


def write_conf(name, text):
    path = os.path.join(folder, name + '.conf')
    with open(path, 'w') as conf:
        conf.write('[DEFAULT]\nswift_dir = %s\ndevices = %s/node\nmount_check = false\nuser = root\n'
                   'log_level = ERROR\nlog_address = %s/no-syslog\n%s' % (folder, folder, folder, text))
    return path


def serve(sock, app):
    log = open(os.devnull, 'w')
    eventlet.spawn(wsgi.server, sock, app, log=log, debug=False)


SERVERS = {
    'account': 'account',
    'container': 'container',
    'object': 'object' if has_attributes() else 'mem_object',
}
sockets = {name: eventlet.listen(('127.0.0.1', 0)) for name in SERVERS}
for name in SERVERS:
    write_ring(name, sockets[name].getsockname()[1])
for name, entry in SERVERS.items():
    serve(sockets[name], loadapp(write_conf(name, '[app:main]\nuse = egg:swift#%s\n' % entry)))

PROXY = '''
[pipeline:main]
pipeline = catch_errors gatekeeper s3api tempauth bulk slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:s3api]
use = egg:swift#s3api
[filter:tempauth]
use = egg:swift#tempauth
user_lintel_tester = testing .admin
[filter:bulk]
use = egg:swift#bulk
[filter:slo]
use = egg:swift#slo
[filter:dlo]
use = egg:swift#dlo
'''
proxy = loadapp(write_conf('proxy', PROXY))
cache = Cache()


def with_cache(env, start_response):
    env['swift.cache'] = cache
    return proxy(env, start_response)


front = eventlet.listen(('127.0.0.1', 0))
serve(front, with_cache)
print(front.getsockname()[1], flush=True)
eventlet.tpool.execute(sys.stdin.read)
