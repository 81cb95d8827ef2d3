"""An RTSP server made of GStreamer's own parts, for tests: prints its port, then serves until its input ends.

usage: gst-rtsp-server.py [--digest USER PASSWORD]
Streams: /h264, /small (320x180), /b-frames, /hevc.
"""
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

SOURCE = "videotestsrc is-live=true pattern=ball ! video/x-raw,width={w},height={h},framerate=25/1,format=I420 ! "
X264 = "x264enc speed-preset={p} key-int-max=25 bframes={b} {more} ! h264parse ! "
STREAMS = {
    "/h264": SOURCE.format(w=640, h=360) + X264.format(p="ultrafast", b=0, more="tune=zerolatency") + "rtph264pay name=pay0 pt=96",
    "/small": SOURCE.format(w=320, h=180) + X264.format(p="ultrafast", b=0, more="tune=zerolatency") + "rtph264pay name=pay0 pt=96",
    "/b-frames": SOURCE.format(w=320, h=240)
    + X264.format(p="veryfast", b=2, more="b-adapt=false ! video/x-h264,profile=main")
    + "rtph264pay name=pay0 pt=97 config-interval=-1",
    "/hevc": SOURCE.format(w=320, h=240)
    + "x265enc speed-preset=ultrafast tune=zerolatency key-int-max=25 ! h265parse ! rtph265pay name=pay0 pt=96",
}


def authentication(user, password):
    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", user)
    auth.add_digest(user, password, token)
    return auth


def main():
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service("0")
    user = password = None
    if sys.argv[1:2] == ["--digest"]:
        user, password = sys.argv[2:4]
        server.set_auth(authentication(user, password))
    mounts = server.get_mount_points()
    for path, launch in STREAMS.items():
        factory = GstRtspServer.RTSPMediaFactory()
        factory.set_launch("( " + launch + " )")
        factory.set_shared(True)
        if user is not None:
            permissions = GstRtspServer.RTSPPermissions()
            permissions.add_permission_for_role(user, "media.factory.access", True)
            permissions.add_permission_for_role(user, "media.factory.construct", True)
            factory.set_permissions(permissions)
        mounts.add_factory(path, factory)
    server.attach(None)
    print(server.get_bound_port(), flush=True)
    loop = GLib.MainLoop()
    threading.Thread(target=lambda: (sys.stdin.read(), loop.quit()), daemon=True).start()
    loop.run()


main()
