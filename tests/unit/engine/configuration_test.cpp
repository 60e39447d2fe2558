#include "engine/configuration.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/applications.hpp"

namespace callweir::engine {
namespace {

// The example of the documentation, whole.
constexpr const char* example = R"(site: hq-berlin
timezone: Europe/Berlin
links:
  - name: uplink
    inside:  { kernel: eth1 }
    outside: { kernel: eth2 }
    inside_networks: [10.0.0.0/8]
    rate: 1Gbit
engine: { workers: auto, flows: 1M, hugepages: auto, timeouts: { udp: 200s, tcp: 1h, unclassified: 5s } }
groups:
  sales: [10.1.0.0/16, "2001:db8:1::/48"]
  pbx:   [10.0.5.10]
schedules: { office: "Mon-Fri 08:00-18:00" }
emergency: { numbers: [112, 911], peers: [10.0.5.11] }
policies:
  - { name: emergency,   match: { emergency: true },  action: allow }
  - { name: company-pbx, match: { group: pbx },       action: prioritise }
  - { name: no-video,    match: { voip: true, p2p: true, role: video }, action: { limit: { rate: 40kbit, per: call } } }
  - { name: softphones,  match: { voip: true, p2p: true, schedule: office }, action: { degrade: { mos: 1.8, ramp: 10s } }, mode: enforce }
  - { name: file-share,  match: { app: [BitTorrent] }, action: { limit: { rate: 256kbit, burst: 32kB, per: host } } }
  - { name: rest,        match: {},                   action: allow }
store:     { sqlite: /var/lib/callweir/callweir.db, keep: 90d, max_size: 10GB }
privacy:   { pseudonymise: false }
dashboard: { listen: "127.0.0.1:8443", tls: auto }
export:    { ipfix: "udp://192.0.2.1:4739", syslog: "tcp://log.example:514", prometheus: true }
)";

std::string all_text(const std::vector<error>& errors) {
  std::string out;
  for (const auto& e : errors) out += e.text() + "\n";
  return out;
}

configuration read(const std::string& text) {
  auto got = read_configuration(text, "c.yaml");
  EXPECT_TRUE(got.has_value()) << (got ? "" : all_text(got.error()));
  return got.value_or(configuration{});
}

TEST(configuration, reads_the_documented_example) {
  const auto c = read(example);
  EXPECT_TRUE(c.warnings.empty()) << all_text(c.warnings);
  EXPECT_EQ(c.site, "hq-berlin");
  EXPECT_EQ(c.timezone(), "Europe/Berlin");
  ASSERT_EQ(c.links.size(), 1u);
  EXPECT_EQ(c.links[0].outside.device, "eth2");
  EXPECT_EQ(c.links[0].rate, bit_rate{1'000'000'000});
  EXPECT_EQ(c.engine.flows_max, 1'000'000u);
  EXPECT_EQ(c.engine.workers, 0u);
  EXPECT_EQ(c.engine.timeouts.tcp, std::chrono::hours(1));
  ASSERT_EQ(c.policies.groups.size(), 2u);
  EXPECT_EQ(c.policies.groups[0].networks.size(), 2u);
  ASSERT_EQ(c.policies.lines.size(), 6u);
  const auto& video = c.policies.lines[2];
  EXPECT_EQ(video.then.kind, shaper::action_kind::limit);
  EXPECT_EQ(video.then.burst_bytes, 3'000u) << "two MTU";
  EXPECT_EQ(video.when.min_confidence_pct, 90);
  const auto& softphones = c.policies.lines[3];
  EXPECT_EQ(softphones.where, "c.yaml:19:5");
  EXPECT_EQ(softphones.then.mos, 1.8);
  EXPECT_EQ(softphones.when.schedule, "office");
  EXPECT_EQ(c.policies.lines[4].then.burst_bytes, 32'000u);
  EXPECT_FALSE(c.policies.lines[1].when.min_confidence_pct);
  EXPECT_TRUE(c.policies.lines[5].when.empty());
  EXPECT_EQ(c.policies.emergency.numbers, (std::vector<std::string>{"112", "911"}));
  EXPECT_EQ(c.store.max_size_bytes, 10'000'000'000u);
  EXPECT_EQ(c.export_to.syslog, "tcp://log.example:514");
}

TEST(configuration, an_empty_file_is_all_defaults) {
  const auto c = read("");
  EXPECT_EQ(c.dashboard.listen, "127.0.0.1:8443");
  EXPECT_EQ(c.policies.emergency.numbers.size(), 2u);
  ASSERT_EQ(c.warnings.size(), 1u);
  EXPECT_EQ(c.warnings[0].what, "no link is configured");
}

TEST(configuration, dump_reads_back_as_the_same) {
  for (const std::string& text :
       {std::string(example), std::string(""),
        std::string(
            "links: [{ name: l, inside: { pci: \"0000:03:00.0\" }, outside: { vdev: "
            "\"net_pcap0,iface=eth2\" }, fail_open: none }]\n"
            "policies: [{ name: a, match: { src: [10.0.0.1, 2001:db8::/32], vlan: [7, 9], link: l, "
            "call: true, role: [voice, video], min_confidence: 0.95 }, action: block, mode: "
            "observe }, { name: b, match: { app: [Unknown call, SIP], p2p: false }, action: { "
            "limit: "
            "{ rate: 1.5Mbit, per: group } } }]\n"
            "dashboard: { listen: \"[::1]:1\", tls: { certificate: /a b, key: /c } }\n"
            "store: { clickhouse: { url: http://h:1/ } }")}) {
    const auto once = read(text);
    const auto dump = dump_configuration(once);
    const auto again = read(dump);
    EXPECT_EQ(dump_configuration(again), dump);
    EXPECT_TRUE(again.policies == once.policies) << dump;
    EXPECT_TRUE(differing_keys(once, again).empty());
  }
}

TEST(configuration, names_what_a_running_appliance_cannot_take_over) {
  const auto before = read(example);
  std::string text = example;
  text.replace(text.find("rate: 1Gbit"), 11, "rate: 2Gbit");
  text.replace(text.find("keep: 90d"), 9, "keep: 80d");
  text.replace(text.find("mos: 1.8"), 8, "mos: 2.5");
  const auto after = read(text);
  EXPECT_EQ(keys_needing_restart(before, after),
            (std::vector<std::string>{"links[0].rate", "store.keep"}));
  const auto differing = differing_keys(before, after);
  EXPECT_EQ(differing.size(), 3u);
  EXPECT_EQ(differing[1], "policies[3].action.degrade.mos");
}

TEST(configuration, warns_of_what_is_odd_but_possible) {
  const std::string links = "links: [{ name: l, inside: { kernel: a }, outside: { kernel: b } }]\n";
  const auto c = read(links +
                      "groups: { g: [10.0.0.5/8] }\n"
                      "policies:\n"
                      "  - { name: pbx, match: { group: g }, action: prioritise }\n"
                      "  - { name: all, match: {}, action: allow }\n"
                      "  - { name: late, match: { voip: true }, action: block }\n"
                      "dashboard: { listen: \"0.0.0.0:80\", tls: off }\n");
  const auto text = all_text(c.warnings);
  EXPECT_EQ(c.warnings.size(), 4u) << text;
  EXPECT_NE(text.find("c.yaml:2:15: key 'groups.g': 10.0.0.5/8 has bits beyond its prefix"),
            std::string::npos);
  EXPECT_NE(text.find("'late' is never reached"), std::string::npos);
  EXPECT_NE(text.find("prioritise equals allow on link 'l'"), std::string::npos);
  EXPECT_NE(text.find("in clear"), std::string::npos);
}

TEST(configuration, a_file_that_cannot_be_opened_is_named) {
  const auto got = load_configuration("/nonexistent/callweir.yaml");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().front().where, "/nonexistent/callweir.yaml");
}

TEST(configuration, lists_every_error_at_once) {
  const auto got = read_configuration("sit: x\nengin: {}\nlinks: 3\n", "c.yaml");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().size(), 3u) << all_text(got.error());
}

/// One mistake: the text, where it is, what the message must name, and what must be suggested.
struct mistake {
  const char* text;
  const char* where;  // "line:column"
  const char* key;
  const char* expectation;
  const char* mend;
};

#define LINK "links:\n- { name: l, inside: { kernel: a }, outside: { kernel: b } }\n"
#define LINE(match, action) "policies:\n- { name: x, match: " match ", action: " action " }\n"

const mistake mistakes[] = {
    // The file itself.
    {"polices: []", "1:1", "polices", "unknown key", "did you mean 'policies'?"},
    {"qwertz: 1", "1:1", "qwertz", "unknown key", "it is one of site, links"},
    {"site: a\nsite: b", "2:1", "site", "expected once", "line 1"},
    {"- a", "1:1", "the file", "expects a map", "site"},
    {"site: [", "1:1", "not YAML", "end of sequence", "check indentation"},
    {"engine:\n\tworkers: 1", "2:1", "a tab", "indents", "spaces"},
    {"# B\xfcro\nsite: a", "1:4", "not UTF-8", "", "must be UTF-8"},
    {"site: a # \xc0\xaf", "1:11", "not UTF-8", "", "must be UTF-8"},
    {"site: \x1b[2J", "1:7", "control character", "", "must be UTF-8"},
    {"site: \"\\x1b[2J\"", "1:7", "site", "not '?[2J'", "company-pbx"},
    {"engine: { workers: 1.5 }", "1:20", "engine.workers", "a count", "auto"},
    {"site: &a x\n", "1:7", "anchors", "not read", "write the value out"},
    {"a: *b", "1:4", "not YAML", "anchor is not defined", "check"},
    {"---\nsite: a\n---\nsite: b", "3:1", "second YAML document", "", "remove the '---'"},
    {"[a]: b", "1:1", "a key", "plain text", "write it"},
    {"site: \"x y\"", "1:7", "site", "letters, digits", "company-pbx"},
    // Time zone, groups, schedules, emergency.
    {"timezone: Europe/Berln", "1:11", "timezone", "IANA", "did you mean 'Europe/Berlin'?"},
    {"groups: [a]", "1:9", "groups", "map of names", "sales"},
    {"groups: { sales: [10.0.0.0/33] }", "1:19", "groups.sales", "networks", "0 to 32"},
    {"groups: { sales: [ten] }", "1:19", "groups.sales", "networks", "10.0.0.0/8"},
    {"groups: { sales: [] }", "1:18", "groups.sales", "at least one network", "10.1.0.0/16"},
    {"groups: { a: [10.0.0.1], a: [10.0.0.2] }", "1:26", "'a'", "expected once", "one list"},
    {"schedules: { office: \"Mon-Fry 08:00-18:00\" }", "1:22", "schedules.office", "days and times",
     "did you mean 'Fri'?"},
    {"schedules: { office: \"Mon 8-18\" }", "1:22", "schedules.office", "days and times",
     "Mon-Fri 08:00-18:00"},
    {"schedules: { office: \"Mon 08:00-25:00\" }", "1:22", "schedules.office", "days and times",
     "Mon-Fri"},
    {"emergency: { number: [112] }", "1:14", "emergency.number", "unknown key",
     "did you mean 'numbers'?"},
    {"emergency: { numbers: [one] }", "1:24", "emergency.numbers", "numbers as dialled",
     "[112, 911]"},
    {"emergency: { peers: [pbx] }", "1:22", "emergency.peers", "addresses", "10.0.5.11"},
    // Links.
    {"links: 3", "1:8", "links", "list of links", "- name"},
    {"links:\n- { inside: { kernel: a }, outside: { kernel: b } }", "2:3", "links[0].name",
     "missing", "name: uplink"},
    {"links:\n- { name: l, inside: { kernal: a }, outside: { kernel: b } }", "2:24",
     "links[0].inside.kernal", "unknown key", "did you mean 'kernel'?"},
    {"links:\n- { name: l, inside: { kernel: a/b }, outside: { kernel: b } }", "2:32",
     "links[0].inside.kernel", "network interface", "ip link"},
    {"links:\n- { name: l, inside: { pci: \"03:00.0\" }, outside: { kernel: b }, fail_open: none }",
     "2:29", "links[0].inside.pci", "PCI address", "lspci -D"},
    {"links:\n- { name: l, inside: { pci: \"0000:03:00.0\" }, outside: { kernel: b } }", "2:3",
     "links[0].fail_open", "expects none", "fail_open: none"},
    {"links:\n- { name: l, inside: { vdev: pcap }, outside: { kernel: b }, fail_open: none }",
     "2:30", "links[0].inside.vdev", "DPDK device", "net_pcap0"},
    {"links:\n- { name: l, inside: { kernel: a, pci: x }, outside: { kernel: b } }", "2:22",
     "links[0].inside", "exactly one", "kernel: eth1"},
    {"links:\n- { name: l, inside: { kernel: a }, outside: { kernel: a } }", "2:3",
     "links[0].outside", "expected once", "device of its own"},
    {LINK "- { name: l, inside: { kernel: c }, outside: { kernel: d } }", "3:3", "links[1].name",
     "expected once", "rename one"},
    {"links:\n- { name: l, inside: { kernel: a }, outside: { kernel: b }, rate: fast }", "2:67",
     "links[0].rate", "a rate from", "1Gbit"},
    {"links:\n- { name: l, inside: { kernel: a }, outside: { kernel: b }, fail_open: nothing }",
     "2:72", "links[0].fail_open", "kernel or none", "write it like"},
    // Engine.
    {"engine: { flows: 1X }", "1:18", "engine.flows", "a count from", "1M"},
    {"engine: { workers: 99 }", "1:20", "engine.workers", "a count from 1 to 16", "auto"},
    {"engine: { hugepages: maybe }", "1:22", "engine.hugepages", "auto, on or off", "auto"},
    {"engine: { timeouts: { udp: 200 } }", "1:28", "engine.timeouts.udp", "a duration", "200s"},
    {"engine: { timeouts: { upd: 200s } }", "1:23", "engine.timeouts.upd", "unknown key",
     "did you mean 'udp'?"},
    {"engine: fast", "1:9", "engine", "map of keys", "workers"},
    // Policies.
    {"policies: {}", "1:11", "policies", "list of lines", "name"},
    {"policies:\n- { match: {}, action: allow }", "2:3", "policies[0].name", "missing",
     "name: softphones"},
    {"policies:\n- { name: x, action: allow }", "2:3", "policies[0].match", "missing", "match:"},
    {"policies:\n- { name: x, match: {} }", "2:3", "policies[0].action", "missing",
     "action: allow"},
    {"policies:\n- { name: x, match: {}, action: allow }\n- { name: x, match: {}, action: block }",
     "3:3", "'x'", "expected once", "rename one"},
    {"policies:\n- { name: x, match: {}, action: allow, mode: observed }", "2:46",
     "policies[0].mode", "enforce or observe", "did you mean 'observe'?"},
    {LINE("{ voipp: true }", "allow"), "2:23", "policies[0].match.voipp", "unknown key",
     "did you mean 'voip'?"},
    {LINE("{ voip: yes }", "allow"), "2:29", "policies[0].match.voip", "true or false", "true"},
    {LINE("{ app: [Skipe] }", "allow"), "2:29", "policies[0].match.app", "application",
     "did you mean 'Skype'?"},
    {LINE("{ role: vidio }", "allow"), "2:29", "policies[0].match.role", "voice, video",
     "did you mean 'video'?"},
    {LINE("{ group: sale }", "allow"), "2:30", "policies[0].match.group", "a group",
     "none is defined"},
    {"groups: { sales: [10.0.0.0/8] }\n" LINE("{ group: sale }", "allow"), "3:30",
     "policies[0].match.group", "a group", "did you mean 'sales'?"},
    {"schedules: { office: Mon }\n" LINE("{ schedule: ofice }", "allow"), "3:33",
     "policies[0].match.schedule", "a schedule", "did you mean 'office'?"},
    {LINK LINE("{ link: m }", "allow"), "4:29", "policies[0].match.link", "a link", "'l'"},
    {LINE("{ vlan: 5000 }", "allow"), "2:29", "policies[0].match.vlan", "0 to 4094", "[10, 20]"},
    {LINE("{ src: here }", "allow"), "2:28", "policies[0].match.src", "networks", "10.0.0.0/8"},
    {LINE("{ app: [] }", "allow"), "2:28", "policies[0].match.app", "at least one value",
     "remove the key"},
    {LINE("{ min_confidence: 90 }", "allow"), "2:39", "policies[0].match.min_confidence",
     "from 0 to 1", "0.9"},
    {LINE("{ emergency: true }", "block"), "2:3", "policies[0].action", "allow or prioritise",
     "never degraded"},
    {LINE("{ emergency: true }", "{ degrade: { mos: 2 } }"), "2:3", "policies[0].action",
     "allow or prioritise", "never degraded"},
    {LINE("{}", "alow"), "2:33", "policies[0].action", "allow, prioritise",
     "did you mean 'allow'?"},
    {LINE("{}", "limit"), "2:33", "policies[0].action", "settings", "rate: 64kbit"},
    {LINE("{}", "{ degrad: { mos: 2 } }"), "2:35", "policies[0].action.degrad",
     "expected limit or degrade", "did you mean 'degrade'?"},
    {LINE("{}", "{ limit: { per: call } }"), "2:42", "policies[0].action.limit.rate", "missing",
     "rate: 64kbit"},
    {LINE("{}", "{ limit: { rate: 64kb } }"), "2:50", "policies[0].action.limit.rate",
     "a rate from", "64kbit"},
    {LINE("{}", "{ limit: { rate: 64kbit, burst: 100B } }"), "2:65",
     "policies[0].action.limit.burst", "a size from 1500B", "16kB"},
    {LINE("{}", "{ limit: { rate: 64kbit, per: user } }"), "2:63", "policies[0].action.limit.per",
     "call, flow, host, group or policy", "write it like"},
    {LINE("{}", "{ degrade: { mos: 9 } }"), "2:51", "policies[0].action.degrade.mos",
     "from 1 to 4.5", "1.8"},
    {LINE("{}", "{ degrade: { mos: 2, ramp: 5 } }"), "2:60", "policies[0].action.degrade.ramp",
     "a duration", "10s"},
    {LINE("{}", "{ degrade: { mos: 2, per: call } }"), "2:54", "policies[0].action.degrade.per",
     "unknown key", "it is one of mos, ramp"},
    {LINE("{ role: im }", "{ degrade: { mos: 2 } }"), "2:3", "policies[0].match.role",
     "voice, video or media", "media only"},
    {LINE("{ call: false }", "{ degrade: { mos: 2 } }"), "2:3", "policies[0].match.call",
     "true with degrade", "limit"},
    // Services.
    {"store: { sqlite: callweir.db }", "1:18", "store.sqlite", "absolute path", "/var/lib"},
    {"store: { sqlite: /a, clickhouse: { url: http://x } }", "1:34", "store", "not both",
     "remove one"},
    {"store: { keep: 90 }", "1:16", "store.keep", "a duration", "90d"},
    {"store: { max_size: 10 GiB }", "1:20", "store.max_size", "a size", "10GB"},
    {"privacy: { pseudonymize: true }", "1:12", "privacy.pseudonymize", "unknown key",
     "did you mean 'pseudonymise'?"},
    {"dashboard: { listen: 8443 }", "1:22", "dashboard.listen", "address:port", "127.0.0.1:8443"},
    {"dashboard: { tls: on }", "1:19", "dashboard.tls", "auto or off", "write it like"},
    {"export: { ipfix: ftp://x:1 }", "1:18", "export.ipfix", "collector",
     "udp://collector.example:4739"},
    {"export: { prometheus: 1 }", "1:23", "export.prometheus", "true or false", "true"},
};

TEST(configuration, every_mistake_is_placed_named_and_mended) {
  EXPECT_GE(std::size(mistakes), 40u);
  for (const auto& m : mistakes) {
    const auto got = read_configuration(m.text, "c.yaml");
    ASSERT_FALSE(got.has_value()) << m.text;
    const auto& e = got.error().front();
    EXPECT_EQ(got.error().size(), 1u) << m.text << "\n" << all_text(got.error());
    EXPECT_EQ(e.where, std::string("c.yaml:") + m.where) << m.text << "\n" << e.text();
    EXPECT_NE(e.what.find(m.key), std::string::npos) << m.text << "\n" << e.text();
    EXPECT_NE(e.what.find(m.expectation), std::string::npos) << m.text << "\n" << e.text();
    EXPECT_NE(e.mend.find(m.mend), std::string::npos) << m.text << "\n" << e.text();
  }
}

TEST(configuration, hostile_text_is_bounded) {
  EXPECT_FALSE(read_configuration(std::string(1 << 21, 'a'), "c.yaml"));
  EXPECT_FALSE(read_configuration(std::string("site: \0", 7), "c.yaml"));
  EXPECT_FALSE(read_configuration(std::string(200, '['), "c.yaml"));
  std::string many;
  for (int i = 0; i < 500; ++i) many += "k" + std::to_string(i) + ": 1\n";
  const auto got = read_configuration(many, "c.yaml");
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().size(), 100u);
}

}  // namespace
}  // namespace callweir::engine
