"""Apache Spark as a cluster of its own: a standalone master, two workers and a Spark Connect server
with Delta Lake, on loopback and in a folder."""

import importlib.util
import os
import re
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.spark import ARTIFACTS
from tests.support.processes import end_of, free_ports, watch
from tests.support.shipped import PROJECT

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_START = 180.0  # seconds to start in; it takes about 20
_STOP = 30.0  # seconds to stop in
_WORKERS = 2
# what people use, too
SETTINGS = PROJECT / "deploy" / "spark" / "spark-defaults.conf"


class SparkCluster:
    """A cluster, for the time of a `with`: it ends there at the latest.

    Tables and catalogue are in `folder` and outlive it. Ask ARTIFACTS.why_not() first whether this
    machine can run it.
    """

    def __init__(self, folder: Path) -> None:
        """folder: for its tables, catalogue, temporary files and logs."""
        self.folder = folder
        self.warehouse = folder / "warehouse"
        self._master_port, self._port = free_ports(2)
        self._started: list[tuple[subprocess.Popen[bytes], subprocess.Popen[bytes]]] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """Where clients of Spark Connect find it."""
        return f"sc://127.0.0.1:{self._port}"

    def session(self) -> "SparkSession":
        """A client of it, in UTC."""
        from pyspark.sql import SparkSession

        session = SparkSession.builder.remote(self.address).getOrCreate()
        session.conf.set("spark.sql.session.timeZone", "UTC")
        return session

    def start(self) -> None:
        """Start it, and wait until it answers."""
        for name in ("logs", "temporary", "warehouse"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        master = f"spark://127.0.0.1:{self._master_port}"
        daemons = "org.apache.spark.deploy"
        try:
            self._daemon(
                *("master", f"{daemons}.master.Master", "--host", "127.0.0.1"),
                *("--port", str(self._master_port), "--webui-port", "0"),
            )
            self._wait_for("master", r"I have been elected leader")
            for number in range(_WORKERS):
                self._daemon(
                    *(f"worker{number}", f"{daemons}.worker.Worker", "--host", "127.0.0.1"),
                    *("--cores", "1", "--memory", "1500m", "--webui-port", "0"),
                    *("--work-dir", str(self.folder / f"work{number}"), master),
                )
            for number in range(_WORKERS):
                self._wait_for(f"worker{number}", r"Successfully registered with master")
            self._start_server(master)
            self._wait_until_it_listens()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End all of its processes, the server first."""
        for process, watchdog in reversed(self._started):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(_STOP)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(_STOP)
            watchdog.communicate(b"ended\n", timeout=_STOP)
        self._started.clear()

    def _wait_until_it_listens(self) -> None:
        end = time.monotonic() + _START
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self._port), 1):
                return
            if self._started[-1][0].poll() is not None:
                break
            time.sleep(0.2)
        log = (self.folder / "logs" / "connect.log").read_text(errors="replace")
        raise RuntimeError(f"the server does not listen:\n{end_of(log)}")

    def _start_server(self, master: str) -> None:
        catalogue = f"jdbc:derby:;databaseName={self.folder / 'catalogue'};create=true"
        settings = {
            "spark.connect.grpc.binding.address": "127.0.0.1",
            "spark.connect.grpc.binding.port": self._port,
            "spark.driver.host": "127.0.0.1",
            "spark.executor.memory": "1g",
            "spark.ui.enabled": "false",
            "spark.sql.warehouse.dir": self.warehouse,
            "spark.hadoop.javax.jdo.option.ConnectionURL": catalogue,
            # two cores, and tables of some rows
            "spark.sql.shuffle.partitions": 2,
            # it lives for minutes: what only long queries gain from is left out
            "spark.sql.codegen.wholeStage": "false",
            "spark.log.level": "WARN",
        }
        self._launch(
            "connect",
            *("org.apache.spark.deploy.SparkSubmit", "--master", master),
            *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer"),
            *("--jars", ARTIFACTS.class_path().replace(os.pathsep, ",")),
            *("--properties-file", str(SETTINGS), "--driver-memory", "1500m"),
            *(word for pair in settings.items() for word in ("--conf", "{}={}".format(*pair))),
            "spark-internal",
        )

    def _daemon(self, name: str, *words: str) -> None:
        # the server would take this for its own memory, whatever it is told
        self._launch(name, *words, SPARK_DAEMON_MEMORY="384m")

    def _launch(self, name: str, *words: str, **environment: str) -> None:
        found = importlib.util.find_spec("pyspark")
        assert found
        assert found.origin
        home = Path(found.origin).parent
        with (self.folder / "logs" / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [str(home / "bin" / "spark-class"), *words],
                cwd=self.folder,  # where Spark and Derby leave what they have no other place for
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # what ends the tests ends it by stop()
                env={
                    **{key: value for key, value in os.environ.items() if "SPARK" not in key},
                    "SPARK_HOME": str(home),
                    "SPARK_LOCAL_IP": "127.0.0.1",
                    "SPARK_LOCAL_DIRS": str(self.folder / "temporary"),
                    "JAVA_TOOL_OPTIONS": f"-Djava.io.tmpdir={self.folder / 'temporary'} "
                    "-XX:+UseSerialGC -XX:-UsePerfData -XX:TieredStopAtLevel=1",
                    **environment,
                },
            )
        self._started.append((process, watch(process.pid)))

    def _wait_for(self, name: str, sign: str) -> None:
        """Wait until a process says in its log that it is ready."""
        log = self.folder / "logs" / f"{name}.log"
        process = self._started[-1][0]
        end = time.monotonic() + _START
        while time.monotonic() < end:
            text = ""
            with suppress(FileNotFoundError):
                text = log.read_text(errors="replace")
            if re.search(sign, text):
                return
            if process.poll() is not None:
                raise RuntimeError(f"{name} ended with {process.returncode}:\n{end_of(text)}")
            time.sleep(0.2)
        raise TimeoutError(f"{name} is silent after {_START:.0f} s:\n{end_of(log.read_text())}")
