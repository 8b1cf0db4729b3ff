"""An sshd of our own on the loopback: own key, own port, own configuration, ended by its number."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path


def key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Sshd:
    def __init__(self, folder: Path, environment=None) -> None:
        """`environment`: what sessions there find set."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        folder.chmod(0o700)
        self.folder, self.port = folder, free_port()
        for name in ("host", "other_host", "user", "stranger"):
            key(folder / name)
        shutil.copy(folder / "user.pub", folder / "authorized_keys")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd insists on it
        settings = ["SetEnv"] if environment else []
        settings += [f" {name}={json.dumps(value)}" for name, value in (environment or {}).items()]
        (folder / "sshd_config").write_text(f"""Port {self.port}
ListenAddress 127.0.0.1
HostKey {folder}/host
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication yes
KbdInteractiveAuthentication no
UsePAM no
MaxStartups 100
""" + "".join(settings))
        self.client("ssh_config", "host", "user")
        self.process = None
        self.start()

    def client(self, name, host_key, user_key):
        """A client's configuration that expects `host_key` and shows `user_key`."""
        public = (self.folder / f"{host_key}.pub").read_text().rsplit(" ", 1)[0]
        known = self.folder / f"known_{name}"
        known.write_text(f"[127.0.0.1]:{self.port} {public}\n")
        config = self.folder / name
        config.write_text(f"""Host box gpubox
  HostName 127.0.0.1
  Port {self.port}
  IdentityFile {self.folder}/{user_key}
  IdentitiesOnly yes
  UserKnownHostsFile {known}
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking yes
""")
        return f"ssh -F {config}"

    @property
    def ssh(self):
        return f"ssh -F {self.folder}/ssh_config"

    def start(self):
        self.process = subprocess.Popen(
            [shutil.which("sshd") or "/usr/sbin/sshd", "-D", "-f", str(self.folder / "sshd_config"),
             "-E", str(self.folder / "sshd.log")])
        for _ in range(100):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.1)
        raise RuntimeError((self.folder / "sshd.log").read_text())

    def cut(self):
        """Ends every connection, as a lost network does; new ones are taken."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        for pid in children.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
        return len(children.split())

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.cut()
            self.process.terminate()
            self.process.wait()
