"""Logs a training run to a Trainyard server. One file, no dependencies, Python 3.8 or later; copy it beside your script.

    import trainyard_log
    run = trainyard_log.init("resnet", config={"lr": 0.1})
    for step in range(1000):
        run.log({"loss": loss, "val/accuracy": accuracy})
        if run.should_stop:
            break
    run.finish()

The address is in TRAINYARD_URL (default http://127.0.0.1:5757), the token in TRAINYARD_TOKEN. `log` returns at once and never
raises. While the server is away, rows wait in TRAINYARD_QUEUE_DIR (default ~/.trainyard/queue), and `deliver()` or the running
program brings them later; each row is stored once, because it carries its producer's number.

Every ten seconds what the process and the machine are busy with goes along as sys/...: processor, memory, and GPUs where
nvidia-smi is there. `init(system=False)` or TRAINYARD_SYSTEM=off switches it off.
"""

import atexit
import json
import math
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid

__all__ = ["init", "deliver", "Run"]

_GATHER_SECONDS = 0.2
_ROWS_PER_PARCEL = 2000
_BEAT_SECONDS = 15.0
_SYSTEM_SECONDS = 10.0
_RETRY_MIN, _RETRY_MAX = 0.25, 10.0
_DELIVERED, _AWAY, _REFUSED = "delivered", "away", "refused"


def init(name, url=None, token=None, config=None, tags=None, run_id=None, queue_dir=None, system=True):
    """Begins a run. Returns at once, whether the server is there or not."""
    is_on = system and os.environ.get("TRAINYARD_SYSTEM") != "off"
    return Run(name, url, token, config, tags, run_id, queue_dir, _SYSTEM_SECONDS if is_on else None)


def deliver(url=None, token=None, queue_dir=None):
    """Brings what programs that have ended left on disk. Returns how many runs were delivered whole; never raises."""
    folder = _queue_folder(queue_dir)
    delivered = 0
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".jsonl"))
    except OSError:
        return 0
    for name in names:
        path = os.path.join(folder, name)
        lines = _read_lines(path)
        if not lines or lines[0].get("format") != "trainyard.queue" or lines[0].get("version") != 1:
            continue
        head = lines[0]
        sender = _Sender(url or head["url"], _token(token), head["run"], head["runId"])
        if all(sender.send(parcel["path"], parcel["body"])[0] != _AWAY for parcel in lines[1:]):
            os.remove(path)
            delivered += 1
    return delivered


class Run:
    """A run that is being logged. Safe to use from several threads."""

    def __init__(self, name, url, token, config, tags, run_id, queue_dir, system_seconds=None):
        body = {"name": str(name)}
        if config is not None:
            body["config"] = _plain(config)
        if tags is not None:
            body["tags"] = [str(tag) for tag in tags]
        key = uuid.uuid4().hex
        self.should_stop = False
        self._url = url or os.environ.get("TRAINYARD_URL") or "http://127.0.0.1:5757"
        self._sender = _Sender(self._url, _token(token), {"key": key, "body": body}, run_id)
        self._path = os.path.join(_queue_folder(queue_dir), key + ".jsonl")
        self._producer = "log-" + uuid.uuid4().hex[:16]
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._wake = threading.Event()
        self._rows, self._parcels = [], []
        self._last_step, self._next_number, self._next_line = -1, 0, 0
        self._retry, self._sent_at, self._told_at = 0.0, time.monotonic(), -1e9
        self._has_ended, self._is_queued = False, False
        self._system_seconds, self._system_values = system_seconds, None
        self._thread = threading.Thread(target=self._run, name="trainyard-log", daemon=True)
        self._thread.start()
        atexit.register(self._at_exit)

    @property
    def run_id(self):
        """The server's id of the run; None while it has not answered yet."""
        return self._sender.run_id

    def log(self, values, step=None, time_ms=None):
        """Takes a row of numbers by name; it is sent in the background."""
        try:
            now = time.time() * 1000.0 if time_ms is None else float(time_ms)
            with self._lock:
                if self._has_ended:
                    return
                self._last_step = self._last_step + 1 if step is None else _to_step(step)
                row = dict(values)
                if self._system_values is not None:
                    row = dict(self._system_values, **row)
                    self._system_values = None
                self._rows.append((self._last_step, now, row))
        except Exception as error:  # noqa: BLE001 - logging must not break training
            self._tell("a row is left out: %s" % error)

    def line(self, message, level="INFO"):
        """A line for people."""
        with self._lock:
            if self._has_ended:
                return
            self._cut_rows()
            body = {"message": str(message), "level": str(level), "producer": self._producer, "sequence": self._next_line}
            self._next_line += 1
            self._parcels.append({"path": "logs", "body": body})

    def finish(self, state="completed", reason=None, timeout=5.0):
        """Sends what is left and ends the run. False: the server was away; everything waits on disk for `deliver()`."""
        with self._lock:
            if not self._has_ended:
                self._has_ended = True
                self._cut_rows()
                body = {"state": state} if reason is None else {"state": state, "reason": str(reason)}
                self._parcels.append({"path": "finish", "body": body})
        self._wake.set()
        deadline = time.monotonic() + timeout
        while True:
            self._deliver()
            with self._lock:
                if not self._parcels and not self._is_queued:
                    atexit.unregister(self._at_exit)
                    return True
            left = deadline - time.monotonic()
            if left <= 0:
                break
            time.sleep(min(left, max(self._retry, 0.05)))
        self._at_exit()
        atexit.unregister(self._at_exit)
        return False

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.finish("completed" if kind is None else "failed", None if error is None else repr(error))
        return False

    def _run(self):
        figures, sampled_at = _System(), time.monotonic()
        while not self._wake.wait(max(_GATHER_SECONDS, self._retry)):
            if self._system_seconds is not None and time.monotonic() - sampled_at >= self._system_seconds:
                sampled_at = time.monotonic()
                self._note_system(figures.sample())
            self._deliver()
            if time.monotonic() - self._sent_at > _BEAT_SECONDS:
                self._note(*self._sender.send("beat", {}), is_beat=True)

    def _note_system(self, values):
        """A sample goes with the next row, or alone when there is none until the next sample."""
        with self._lock:
            if self._system_values is not None and not self._has_ended:
                self._rows.append((max(0, self._last_step), time.time() * 1000.0, self._system_values))
            self._system_values = values or None

    def _cut_rows(self):
        """Rows in memory become parcels. The lock is held. From here on each row has its number."""
        rows, self._rows = self._rows, []
        for at in range(0, len(rows), _ROWS_PER_PARCEL):
            body = _to_columns(rows[at : at + _ROWS_PER_PARCEL])
            if body["steps"]:
                body.update(producer=self._producer, sequence=self._next_number)
                self._next_number += len(body["steps"])
                self._parcels.append({"path": "points", "body": body})

    def _deliver(self):
        """Sends the queue file first, then what is in memory. A parcel leaves memory when it is stored or on disk."""
        with self._sending:
            try:
                with self._lock:
                    self._cut_rows()
                    parcels = list(self._parcels)
                if self._is_queued:
                    self._to_disk(parcels)
                    for parcel in _read_lines(self._path)[1:]:
                        if not self._send(parcel):
                            return
                    os.remove(self._path)
                    self._is_queued = False
                    return
                for i, parcel in enumerate(parcels):
                    if not self._send(parcel):
                        self._to_disk(parcels[i:])
                        return
                    with self._lock:
                        self._parcels.pop(0)
            except Exception as error:  # noqa: BLE001
                self._tell("points could not be kept: %s" % error)

    def _send(self, parcel):
        outcome, text = self._sender.send(parcel["path"], parcel["body"])
        self._note(outcome, text)
        if outcome == _REFUSED:
            self._tell("the server refuses %s: %s" % (parcel["path"], text))
        return outcome != _AWAY

    def _note(self, outcome, text, is_beat=False):
        if outcome == _AWAY:
            if not is_beat:
                self._retry = min(_RETRY_MAX, max(_RETRY_MIN, self._retry * 2))
                self._tell("the server is away or takes no points (%s); they wait on disk" % text)
            return
        self._retry, self._sent_at = 0.0, time.monotonic()
        if text == "stopping":
            self.should_stop = True

    def _to_disk(self, parcels):
        """Appends the oldest parcels in memory to the queue file and drops them from memory."""
        if not parcels:
            return
        os.makedirs(os.path.dirname(self._path), mode=0o700, exist_ok=True)
        is_new = not os.path.exists(self._path)
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(handle, "w") as file:
            if is_new:
                head = {"format": "trainyard.queue", "version": 1, "url": self._url, "run": self._sender.run, "runId": self._sender.run_id}
                file.write(json.dumps(head) + "\n")
            file.writelines(json.dumps(parcel) + "\n" for parcel in parcels)
        self._is_queued = True
        with self._lock:
            del self._parcels[: len(parcels)]

    def _at_exit(self):
        self._wake.set()
        with self._sending:
            with self._lock:
                self._cut_rows()
                parcels = list(self._parcels)
            try:
                self._to_disk(parcels)
            except OSError as error:
                self._tell("points could not be kept: %s" % error)

    def _tell(self, message):
        if time.monotonic() - self._told_at > 60:
            self._told_at = time.monotonic()
            print("trainyard: " + message, file=sys.stderr)


class _System:
    """What the process and its machine are busy with. What cannot be known here is left out, never made up."""

    def __init__(self):
        self._has_gpus = True
        self._cpu, self._at, self._machine = time.process_time(), time.monotonic(), self._machine_times()

    def sample(self):
        """Figures of the time since the last call. sys/process/cpu_percent is 100 for one whole core."""
        values = {}
        try:
            cpu, at, machine = time.process_time(), time.monotonic(), self._machine_times()
            values["sys/process/cpu_percent"] = round(100.0 * (cpu - self._cpu) / max(1e-9, at - self._at), 2)
            if machine and self._machine and machine[1] > self._machine[1]:
                values["sys/cpu_percent"] = round(100.0 * (machine[0] - self._machine[0]) / (machine[1] - self._machine[1]), 2)
            self._cpu, self._at, self._machine = cpu, at, machine
            values.update(self._memory())
            values.update(self._gpus())
        except Exception:  # noqa: BLE001 - figures must not break training
            pass
        return values

    @staticmethod
    def _machine_times():
        """(busy, all) since the machine started, on Linux; None elsewhere."""
        try:
            with open("/proc/stat", encoding="ascii") as file:
                times = [int(part) for part in file.readline().split()[1:9]]
            return sum(times) - times[3] - times[4], sum(times)
        except (OSError, ValueError, IndexError):
            return None

    @staticmethod
    def _memory():
        try:
            with open("/proc/self/statm", encoding="ascii") as file:
                pages = int(file.read().split()[1])
            with open("/proc/meminfo", encoding="ascii") as file:
                lines = dict(line.split(":", 1) for line in file)
            total, free = (int(lines[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
            return {
                "sys/process/memory_mb": round(pages * os.sysconf("SC_PAGE_SIZE") / 2**20, 2),
                "sys/memory_percent": round(100.0 * (1.0 - free / total), 2),
            }
        except (OSError, ValueError, KeyError, IndexError):
            return {}

    def _gpus(self):
        if not self._has_gpus:
            return {}
        query = ["nvidia-smi", "--query-gpu=index,utilization.gpu,memory.used,temperature.gpu,power.draw", "--format=csv,noheader,nounits"]
        try:
            text = subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=5, check=True).stdout.decode()
        except (OSError, subprocess.SubprocessError):
            self._has_gpus = False  # not there, or no driver: it will not appear while the program runs
            return {}
        values = {}
        for line in text.splitlines():
            index, *cells = [cell.strip() for cell in line.split(",")]
            for name, cell in zip(("util_percent", "memory_mb", "temperature_c", "power_w"), cells):
                try:
                    values["sys/gpu%d/%s" % (int(index), name)] = float(cell)
                except ValueError:
                    continue
        return values


class _Sender:
    """Talks to one server about one run. Nothing here raises."""

    def __init__(self, url, token, run, run_id):
        self.run, self.run_id = run, run_id
        self._base, self._token = url.rstrip("/"), token

    def send(self, path, body):
        """(delivered, state) or (away, why) or (refused, why)."""
        if self.run_id is None:
            outcome, answer = self._post("/api/v2/runs", self.run["body"], {"Idempotency-Key": self.run["key"]})
            if outcome != _DELIVERED:
                return outcome, answer
            self.run_id = answer["id"]
        outcome, answer = self._post("/api/v2/runs/%s/%s" % (self.run_id, path), body, {})
        return (outcome, answer.get("state", "")) if outcome == _DELIVERED else (outcome, answer)

    def _post(self, path, body, headers):
        headers = dict(headers, **{"Content-Type": "application/json", "Authorization": "Bearer " + self._token})
        try:
            request = urllib.request.Request(self._base + path, json.dumps(body).encode(), headers, method="POST")
            with urllib.request.urlopen(request, timeout=10) as response:
                text = response.read().decode()
            return _DELIVERED, json.loads(text) if text else {}
        except urllib.error.HTTPError as error:
            why = "%d %s" % (error.code, error.read(500).decode("utf-8", "replace"))
            return (_AWAY if error.code >= 500 or error.code in (401, 403, 408, 429) else _REFUSED), why
        except Exception as error:  # noqa: BLE001
            return _AWAY, str(error)


def _to_columns(rows):
    steps, times, columns = [], [], {}
    for step, at, values in rows:
        kept = [(str(key), value) for key, value in ((key, _to_value(value)) for key, value in values.items()) if value is not _NO_VALUE]
        if not kept:
            continue
        for key, value in kept:
            column = columns.setdefault(key, {"rows": [], "values": []})
            column["rows"].append(len(steps))
            column["values"].append(value)
        steps.append(step)
        times.append(at)
    values = {key: column["values"] if len(column["rows"]) == len(steps) else column for key, column in columns.items()}
    return {"steps": steps, "times": times, "values": values}


_NO_VALUE = object()


def _to_value(value):
    """A number as JSON can carry it. Tensors and NumPy scalars count by their float()."""
    if value is None:
        return None
    if isinstance(value, (str, bytes)):
        return _NO_VALUE
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return _NO_VALUE
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Inf" if number > 0 else "-Inf"
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _to_step(step):
    number = float(step)
    if not math.isfinite(number):
        raise ValueError("the step %r is not a number" % (step,))
    return int(number) if number.is_integer() else number


def _plain(value):
    """A configuration as JSON; what JSON does not know becomes text."""
    return json.loads(json.dumps(value, default=str))


def _read_lines(path):
    """The JSON lines of a file. One that was cut off is left out."""
    found = []
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                try:
                    found.append(json.loads(line))
                except ValueError:
                    continue
    except OSError:
        pass
    return found


def _queue_folder(given):
    return given or os.environ.get("TRAINYARD_QUEUE_DIR") or os.path.join(os.path.expanduser("~"), ".trainyard", "queue")


def _token(given):
    return given or os.environ.get("TRAINYARD_TOKEN") or ""
