"""The API against its own OpenAPI document: every route is called on the real server and every answer must fit its schema;
/metrics must please promtool; event streams, tokens and logins work over TLS. The engine is played.

usage: python3 tests/live/api_test.py      (CALLWEIR_BIN: folder of the programs)
"""
import http.client
import json
import pathlib
import re
import shutil
import ssl
import statistics
import subprocess
import sys
import tempfile
import time

from appliance import binaries
from cli_test import capture
from dashboard import Dashboard
from engine_stand_in import EngineStandIn
from netlab import LabError

try:
    import jsonschema
except ImportError:
    jsonschema = None

SKIPPED = 77
NAME, PASSWORD = "anna", "a sentence is long and easy to keep"
QUESTIONS = 300  # of the measurement
RATE, POUR_SECONDS = 20_000, 8  # records of flows
RSS_MB = 150
SLOW_MS = 100  # what a question may take beside ingest, in 99 of 100 cases


class Failure(Exception):
    pass


def check(good, what):
    if not good:
        raise Failure(what)
    print(f"  ok: {what}")


def rss_mb(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as lines:
        return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))


class Client:
    """One connection that is kept, with a session or a token."""

    def __init__(self, port):
        trust = ssl.create_default_context()
        trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        self.port, self.trust = port, trust
        self.cookie = self.csrf = self.token = None
        self.link = None

    def ask(self, method, path, body=None):
        """Status, type, body; what is JSON comes as a tree."""
        headers = {}
        if body is not None:
            headers["Content-Type"] = "application/json"
        if self.cookie:
            headers |= {"Cookie": self.cookie, "X-CSRF-Token": self.csrf or ""}
        if self.token:
            headers["Authorization"] = "Bearer " + self.token
        if self.link is None:
            self.link = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=self.trust)
        try:
            self.link.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
            answer = self.link.getresponse()
            text = answer.read()
        except (http.client.HTTPException, OSError):
            self.link.close()
            self.link = None
            raise
        if answer.getheader("Connection") == "close":
            self.link.close()
            self.link = None
        if cookie := answer.getheader("Set-Cookie"):
            self.cookie = cookie.split(";")[0]
        kind = answer.getheader("Content-Type") or ""
        tree = json.loads(text) if kind.startswith("application/json") and text else text
        if isinstance(tree, dict) and "csrf" in tree:
            self.csrf = tree["csrf"]
        return answer.status, kind, tree


class Document:
    """The OpenAPI document; `fits` checks an answer against what it says of it."""

    def __init__(self, tree):
        self.tree = tree
        self.resolver = jsonschema.RefResolver.from_schema(tree)
        self.called = set()

    def check_itself(self):
        check(self.tree["openapi"].startswith("3.1"), "the document is OpenAPI 3.1")
        for name, schema in self.tree["components"]["schemas"].items():
            jsonschema.Draft202012Validator.check_schema(schema)
            # A schema that lets everything pass proves nothing.
            if not (schema.keys() & {"type", "enum", "allOf", "const"}):
                raise Failure(f"schema {name} says nothing")
        names = [one["operationId"] for path in self.tree["paths"].values() for one in path.values()]
        check(len(set(names)) == len(names), f"{len(names)} operations, each with a name of its own")

    def operation(self, name):
        for path, verbs in self.tree["paths"].items():
            for verb, operation in verbs.items():
                if operation["operationId"] == name:
                    return path, verb.upper(), operation
        raise Failure(f"there is no operation {name}")

    def valid(self, schema, value, what):
        try:
            jsonschema.Draft202012Validator(schema, resolver=self.resolver).validate(value)
        except jsonschema.ValidationError as problem:
            raise Failure(f"{what}: {problem.message} at {list(problem.absolute_path)}") from problem

    def call(self, client, name, query="", body=None, identifier=None, status=None):
        path, verb, operation = self.operation(name)
        self.called.add(name)
        if identifier is not None:
            path = path.replace("{id}", str(identifier))
        answers = operation["responses"]
        wanted = status or next(int(code) for code in answers if code.startswith("2"))
        if body is not None and wanted < 300:
            self.valid(operation["requestBody"]["content"]["application/json"]["schema"], body, f"{name}: what is sent")
        got, kind, tree = client.ask(verb, path + query, body)
        if got != wanted:
            raise Failure(f"{verb} {path}{query}: {got} instead of {wanted}: {tree}")
        if got == 204:
            return tree
        if got >= 400 and str(got) not in answers:
            self.valid({"$ref": "#/components/schemas/Problem"}, tree, name)
            return tree
        content = answers[str(got)]["content"]
        plain = kind.split(";")[0]
        if plain not in content:
            raise Failure(f"{name}: {kind} is none of {list(content)}")
        if content[plain]["schema"]:
            self.valid(content[plain]["schema"], tree, name)
        return tree


def records_of_capture(folder):
    """Flow and call records that `analyze` makes of two people talking, as of now."""
    path = folder / "call.pcap"
    path.write_bytes(capture())
    done = subprocess.run([binaries() / "callweir", "analyze", path, "--format", "json"], capture_output=True, text=True, timeout=60)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    shift = time.time() - 60 - min(one["first"] for one in records if one["type"] == "flow")
    for one in records:
        for key in ("first", "last", "start", "end"):
            if key in one:
                one[key] += shift
        if one["type"] == "flow":
            one |= {"file": None, "link": "uplink"}
    return [one for one in records if one["type"] in ("flow", "call", "host")]


def play(engine, folder):
    """What an engine tells in a minute."""
    now = int(time.time()) // 10 * 10 - 30
    records = records_of_capture(folder)
    for one in records:
        engine.keep(one)
    engine.keep({"type": "traffic", "at": now, "link": "uplink", "app": "SIP", "host": "10.0.0.5", "voip": True, "flows": 2,
                 "packets": [10, 12], "bytes": [1000, 1200]})
    engine.keep({"type": "second", "at": now, "link": "uplink", "bytes": [[1, 2], [3, 4]], "packets": [[1, 1], [1, 1]], "dropped": 1,
                 "delayed": 2, "calls": 1, "degraded": 1})
    engine.keep({"type": "policy", "at": now, "position": 0, "name": "softphones", "match": "voip: true", "action": "degrade",
                 "mode": "enforce", "flows": 1, "packets": 2, "bytes": 3, "dropped": 4, "delayed": 5})
    engine.keep({"type": "gap", "from": now, "to": now + 3, "what": "engine", "count": 0, "reason": "it was started anew"})
    engine.keep({"type": "audit", "at": now, "who": "uid 0 (pid 42)", "verb": "bypass", "what": "bypass off"})
    engine.policies = [{"type": "policy", "name": "softphones", "match": "voip: true", "action": "degrade", "mode": "enforce",
                        "flows": 1, "packets": 2, "bytes": 3, "dropped": 4, "delayed": 5}]
    engine.status = {"type": "status", "state": "inspecting", "pids": {"supervisor": 1, "engine": 2, "dashboard": 3},
                     "links": [{"name": "uplink", "state": "up"}], "alarms": ["overload"], "restarts": 1, "stalls": 0, "workers": 1,
                     "drops": {"policed": 3}, "records_lost": 0, "policy_generation": 1,
                     "counters": {"events": 5, "calls_active": 1, "calls_degraded": 1}}


def set_up(document, client, dashboard):
    check(document.call(client, "getSetup")["needed"], "a new dashboard asks for its first admin")
    document.call(client, "getSession", status=401)
    code = (dashboard.store.parent / "setup-code").read_text(encoding="utf-8").strip()
    check(code in dashboard.said(50), "the set-up code stands in the log")
    document.call(client, "setUp", body={"code": "AAAAA-AAAAA-AAAAA-AAAAA", "name": NAME, "password": PASSWORD}, status=401)
    document.call(client, "setUp", body={"code": code, "name": NAME, "password": PASSWORD})
    check(not document.call(client, "getSetup")["needed"], "the code made the first admin and is used up")
    document.call(client, "logOut")
    document.call(client, "getStatus", status=401)
    document.call(client, "logIn", body={"name": NAME, "password": "not this one"}, status=401)
    session = document.call(client, "logIn", body={"name": NAME, "password": PASSWORD})
    check(session["role"] == "admin", "the first admin logs in")


def read_everything(document, client, engine):
    deadline = time.monotonic() + 20
    while not document.call(client, "listAudit")["audit"] or not document.call(client, "listCalls")["calls"]:
        if time.monotonic() > deadline:
            raise Failure("the records do not arrive")
        time.sleep(0.2)
    calls = document.call(client, "listCalls", "?last=1h&limit=5")["calls"]
    document.call(client, "getCall", identifier=calls[0]["id"])
    document.call(client, "getCall", identifier="c-none", status=404)
    flows = document.call(client, "listFlows", "?last=1h&voip=true")["flows"]
    document.call(client, "getFlow", identifier=flows[0]["id"])
    engine.tell({**calls[0], "id": "c-now", "ended": False})
    while not (running := document.call(client, "listCalls", "?active=true")["calls"]) and time.monotonic() < deadline:
        time.sleep(0.1)
    check([one["id"] for one in running] == ["c-now"], "calls that run are on the board")
    check(document.call(client, "listHosts", "?last=1h")["hosts"], "calls, flows and hosts of the last hour")
    check(document.call(client, "listApplications", "?last=1h")["applications"][0]["app"] == "SIP", "applications by bytes")
    for query in ("?last=1h&step=1m&by=app", "?last=1h&by=host", "?last=1h&by=link", "?last=1h&by=all", "?last=1h&by=app_of_host&host=10.0.0.5"):
        check(document.call(client, "getTraffic", query)["series"], f"traffic {query}")
    document.call(client, "getTraffic", "?by=colour", status=400)
    check(document.call(client, "getLoad", "?last=1h&step=10")["load"], "load of the last hour")
    check(document.call(client, "listPolicies")["policies"][0]["name"] == "softphones", "policies of now")
    check(document.call(client, "listPolicies", "?last=1h")["policies"][0]["dropped"] == 4, "what a policy did in an hour")
    check(document.call(client, "listGaps", "?last=1h")["gaps"], "gaps")
    status = document.call(client, "getStatus")
    check(status["engine"]["connected"] and status["appliance"]["state"] == "inspecting", "status of engine and appliance")
    check(document.call(client, "setBypass", body={"on": True}) == {"on": True} and engine.status["state"] == "bypass", "bypass is switched on")
    check(document.call(client, "setBypass", body={"on": False}) == {"on": False}, "and off")
    check(document.call(client, "getHealth")["status"] == "ok", "healthz")
    for form in ("html", "csv", "json"):
        check(document.call(client, "getReport", f"?last=1h&format={form}"), f"report as {form}")
    document.call(client, "getDocument")


def manage(document, client):
    document.call(client, "listAccounts")
    document.call(client, "addAccount", body={"name": "vera", "role": "viewer", "password": "a viewer's sentence"})
    document.call(client, "addAccount", body={"name": "vera", "role": "viewer", "password": "a viewer's sentence"}, status=409)
    document.call(client, "changeAccount", identifier="vera", body={"role": "operator"})
    made = document.call(client, "addToken", body={"name": "probe", "role": "viewer", "scopes": ["metrics"], "expires_in": 3600})
    probe = Client(client.port)
    probe.token = made["secret"]
    metrics = document.call(probe, "getMetrics").decode()
    document.call(probe, "getStatus", status=403)
    check("callweir_policy_dropped_packets_total" in metrics, "a token of scope metrics reads /metrics, and nothing else")
    document.call(client, "listTokens")
    document.call(client, "removeToken", identifier=made["id"])
    document.call(probe, "getMetrics", status=401)
    document.call(client, "removeAccount", identifier="vera")
    document.call(client, "changePassword", body={"password": PASSWORD, "new_password": PASSWORD + "!"})
    check(document.call(client, "getSession")["name"] == NAME, "a new password, and still in")
    return metrics


def check_metrics(metrics):
    unpacked = pathlib.Path(__file__).resolve().parents[2] / "build" / "tools" / "promtool"  # by scripts/setup
    tool = shutil.which("promtool") or (unpacked if unpacked.exists() else None)
    if tool is None:
        print("  promtool is not installed")
        return False
    done = subprocess.run([tool, "check", "metrics"], input=metrics, capture_output=True, text=True, timeout=30)
    check(done.returncode == 0 and not done.stderr.strip(), f"promtool is pleased {done.stderr.strip()}")
    return True


def check_events(document, client, engine):
    document.called.add("getEvents")
    link = http.client.HTTPSConnection("127.0.0.1", client.port, timeout=10, context=client.trust)
    link.request("GET", "/api/v1/events", headers={"Cookie": client.cookie})
    answer = link.getresponse()
    check(answer.status == 200 and answer.getheader("Content-Type").startswith("text/event-stream"), "an event stream begins")
    topics = set()
    deadline = time.monotonic() + 15
    tell_at = 0.0
    while not {"second", "status"} <= topics and time.monotonic() < deadline:
        if time.monotonic() >= tell_at:  # one a line read would flood the board
            tell_at = time.monotonic() + 0.2
            engine.tell({"type": "second", "at": int(time.time()), "link": "uplink", "bytes": [[1, 2], [3, 4]],
                         "packets": [[1, 1], [1, 1]], "dropped": 0, "delayed": 0, "calls": 1, "degraded": 0})
        line = answer.readline().decode()
        if found := re.match(r"event: (\w+)", line):
            topics.add(found[1])
        elif line.startswith("data: "):
            json.loads(line[6:])
    link.close()
    check({"second", "status"} <= topics, f"events come: {sorted(topics)}")


def instrumented():
    """Whether a sanitizer is in the program: speed and memory are not its own then."""
    program = (binaries() / "callweir-dashboard").read_bytes()
    return b"__asan_init" in program or b"__tsan_init" in program


def measure(client, engine, pattern, pid):
    """Time of questions over TLS while the engine tells of 20,000 records a second; milliseconds."""
    took = []
    slow = instrumented()
    rate = RATE // 10 if slow else RATE
    paths = ["/api/v1/status", "/api/v1/calls?last=1h&limit=100", "/api/v1/load?last=1h&step=10", "/api/v1/policies",
             "/api/v1/applications?last=24h", "/api/v1/flows?last=1h&limit=100"]
    before = client.ask("GET", "/api/v1/status")[2]["ingest"]["records"]
    pouring, begun = engine.pour(pattern, rate, POUR_SECONDS), time.monotonic()
    while pouring.is_alive() or len(took) < QUESTIONS:
        begin = time.perf_counter()
        status, _, _ = client.ask("GET", paths[len(took) % len(paths)])
        took.append((time.perf_counter() - begin) * 1e3)
        if status != 200:
            raise Failure(f"a question beside ingest: {status}")
        time.sleep(0.01)
    seconds = time.monotonic() - begun
    end = time.monotonic() + 20
    while (stored := client.ask("GET", "/api/v1/status")[2]["ingest"]["records"] - before) < rate * POUR_SECONDS and time.monotonic() < end:
        time.sleep(0.2)
    took.sort()
    p99 = took[int(len(took) * 0.99)]
    print(f"  {len(took)} questions beside {stored / seconds:,.0f} records a second: median {statistics.median(took):.1f} ms, p99 {p99:.1f} ms, "
          f"longest {took[-1]:.1f} ms; memory {rss_mb(pid):.0f} MB")
    check(stored >= rate * POUR_SECONDS, "every record was taken")
    check(slow or p99 < SLOW_MS and rss_mb(pid) < RSS_MB, f"99 of 100 answers come within {SLOW_MS} ms, memory stays below {RSS_MB} MB")


def scenario(folder):
    engine = EngineStandIn(folder).start()
    play(engine, folder)
    with Dashboard(binaries(), folder, engine.control_path) as dashboard:
        client = Client(dashboard.port)
        status, _, tree = client.ask("GET", "/api/v1/openapi.json")
        check(status == 200, "the document is there for everybody")
        document = Document(tree)
        document.check_itself()
        set_up(document, client, dashboard)
        read_everything(document, client, engine)
        metrics = manage(document, client)
        pleased = check_metrics(metrics)
        check_events(document, client, engine)
        measure(client, engine, next(one for one in records_of_capture(folder) if one["type"] == "flow"),
                dashboard.process.pid)
        every = {one["operationId"] for path in tree["paths"].values() for one in path.values()}
        check(document.called == every, f"every route was called {sorted(every - document.called)}")
    return 0 if pleased else SKIPPED


def main():
    if jsonschema is None:
        print("python3-jsonschema is not installed")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="callweir-api-") as name:
        try:
            return scenario(pathlib.Path(name))
        except Failure as problem:
            print(f"FAILED: {problem}")
            log = pathlib.Path(name) / "dashboard.log"
            if log.exists():
                print("\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-20:]))
            return 1
        except LabError as problem:
            print(problem)
            return SKIPPED if "not installed" in str(problem) else 1


if __name__ == "__main__":
    sys.exit(main())
