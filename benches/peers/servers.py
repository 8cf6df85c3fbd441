"""The servers of the benchmark: one nginx that is both services, and slow lines to it."""

import os
import socket
import subprocess
import time
from pathlib import Path

from measure import Unmeasured

SHAPER_SOURCE = Path(__file__).resolve().parents[2] / "tests/sandbox/examples/shaper.rs"

# As little work as a server can have, so that the client is what is measured: no log, files by sendfile, connections
# that are never closed for having been used often. It checks no signature. A bucket's name alone is answered with its
# listing. Whatever nginx may write, it writes to the benchmark's own directory.
CONFIGURATION = """
{user}
daemon off;
worker_processes auto;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {directory}/t1;
  proxy_temp_path {directory}/t2;
  fastcgi_temp_path {directory}/t3;
  uwsgi_temp_path {directory}/t4;
  scgi_temp_path {directory}/t5;
  sendfile on;
  tcp_nopush on;
  tcp_nodelay on;
  keepalive_requests 1000000;
  keepalive_timeout 600;
  open_file_cache max=20000 inactive=600;
  open_file_cache_valid 600;
  etag on;
  default_type application/octet-stream;
  ssl_certificate {directory}/server.pem;
  ssl_certificate_key {directory}/server.key;
  ssl_protocols TLSv1.2 TLSv1.3;
  add_header x-amz-request-id $request_id;
  server {{
    listen 127.0.0.1:{http} backlog=1024;
    listen 127.0.0.1:{https} ssl backlog=1024;
    root {root};
    location /v2/ {{ default_type application/json; }}
    location ~ ^/(?<bucket>[a-z0-9-]+)/?$ {{ default_type application/xml; try_files /listings/$bucket.xml =404; }}
  }}
}}
"""


class Servers:
    """What was started, as a context that ends all of it."""

    def __init__(self, tools, directory: Path):
        self.tools, self.directory = tools, directory
        self.processes = []
        self.ca = directory / "ca.pem"

    def begin(self, root: Path):
        """Starts nginx on what is in a directory."""
        self.certificates()
        self.http_port, self.https_port = free_ports(2)
        self.http, self.https = f"http://127.0.0.1:{self.http_port}", f"https://127.0.0.1:{self.https_port}"
        directory = self.directory
        configuration = directory / "nginx.conf"
        user = "user root;" if os.geteuid() == 0 else ""
        configuration.write_text(CONFIGURATION.format(
            user=user, directory=directory, root=root, http=self.http_port, https=self.https_port))
        self.start([self.tools["nginx"], "-p", directory, "-c", configuration, "-e", directory / "error.log"])
        self.await_nginx()

    def certificates(self):
        """A CA, and a certificate of its for 127.0.0.1: rustls takes none that is its own CA."""
        d, openssl = self.directory, self.tools["openssl"]
        (d / "extensions").write_text("subjectAltName=IP:127.0.0.1\nbasicConstraints=CA:FALSE\n")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        for words in (
            ["req", "-x509", *key, "-keyout", d / "ca.key", "-out", self.ca, "-days", "2", "-subj", "/CN=benchmark CA"],
            ["req", *key, "-keyout", d / "server.key", "-out", d / "server.csr", "-subj", "/CN=127.0.0.1"],
            ["x509", "-req", "-in", d / "server.csr", "-CA", self.ca, "-CAkey", d / "ca.key", "-CAcreateserial",
             "-days", "2", "-extfile", d / "extensions", "-out", d / "server.pem"],
        ):
            made = subprocess.run([openssl, *words], capture_output=True, text=True)
            if made.returncode != 0:
                raise Unmeasured(f"openssl made no certificate: {made.stderr.strip()}")

    def start(self, words, **how):
        process = subprocess.Popen([str(word) for word in words], start_new_session=True, **how)
        self.processes.append(process)
        return process

    def await_nginx(self):
        for _ in range(200):
            if self.processes[0].poll() is not None:
                break
            try:
                socket.create_connection(("127.0.0.1", self.https_port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise Unmeasured(f"nginx does not answer: {(self.directory / 'error.log').read_text()[-600:]}")

    def shaper(self, *flags) -> str:
        """The address of a slow line to the server."""
        program = self.directory / "shaper"
        if not program.exists():
            if "rustc" not in self.tools:
                raise Unmeasured("rustc is not there to build the shaper")
            subprocess.run([self.tools["rustc"], "--edition", "2024", "-O", "-o", program, SHAPER_SOURCE], check=True)
        words = [program, f"127.0.0.1:{self.http_port}", *flags]
        process = self.start(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return f"http://{process.stdout.readline().strip()}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def free_ports(count):
    """Ports that nothing listens on; another program could take one before nginx does, which then says so."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
