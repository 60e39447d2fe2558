// Schemas of the records (base/record.hpp), as `callweir --json` prints them, too.
#include "dashboard/api/openapi.hpp"

namespace callweir::dashboard::routes {
namespace {

constexpr std::string_view text = R"json("Anything":{"type":"object"},
"Time":{"type":"number","description":"seconds since 1970"},
"Counts":{"type":"array","items":{"type":"integer","minimum":0},"minItems":2,"maxItems":2},
"Classes":{"type":"array","items":{"$ref":"#/components/schemas/Counts"},"minItems":2,"maxItems":2,
 "description":"[packets of calls, everything else], each [from inside, from outside]"},
"Measures":{"type":"array","items":{"type":["number","null"]},"minItems":2,"maxItems":2},
"Words":{"type":"array","items":{"type":"string"}},
"Problem":{"type":"object","required":["error"],"properties":{"error":{"type":"object",
 "required":["status","what","where","mend"],"properties":{"status":{"type":"integer"},
 "what":{"type":"string"},"where":{"type":"string"},"mend":{"type":"string"}}}}},
"Flow":{"type":"object","required":["type","id","link","src","sport","dst","dport","proto","vlan",
 "tunnel","app","voip","role","p2p","confidence","reasons","ndpi","first","last","packets","bytes",
 "decided_packet","decided_s","call","policy","action"],"properties":{
 "type":{"const":"flow"},"id":{"type":"string"},"file":{"type":["string","null"]},
 "link":{"type":["string","null"]},"src":{"type":"string"},"sport":{"type":"integer"},
 "dst":{"type":"string"},"dport":{"type":"integer"},"proto":{"type":"string"},
 "vlan":{"type":"array","items":{"type":"integer"}},"tunnel":{"type":["string","null"]},
 "app":{"type":"string"},"voip":{"type":"boolean"},
 "role":{"enum":["unknown","voice","video","media","signalling","overlay","im","file","other"]},
 "p2p":{"type":["boolean","null"]},"confidence":{"type":"number","minimum":0,"maximum":1},
 "reasons":{"$ref":"#/components/schemas/Words"},"ndpi":{"type":"string"},
 "first":{"$ref":"#/components/schemas/Time"},"last":{"$ref":"#/components/schemas/Time"},
 "packets":{"$ref":"#/components/schemas/Counts"},"bytes":{"$ref":"#/components/schemas/Counts"},
 "decided_packet":{"type":["integer","null"]},"decided_s":{"type":["number","null"]},
 "call":{"type":["string","null"]},"policy":{"type":["string","null"]},
 "action":{"type":["string","null"]}}},
"CallAction":{"type":"object","required":["policy","action","flows","since"],"properties":{
 "policy":{"type":"string"},"action":{"type":"string"},
 "flows":{"$ref":"#/components/schemas/Words"},"since":{"$ref":"#/components/schemas/Time"},
 "until":{"$ref":"#/components/schemas/Time",
  "description":"when the call was let go; missing where that was not before its end"}}},
"Call":{"type":"object","required":["type","id","app","parties","flows","media","start","end",
 "p2p","relayed","emergency","confidence","reasons","codec","bitrate_kbps","loss","jitter_ms",
 "mos_before","inflicted_loss","added_delay_ms","mos","mos_scale","actions"],"properties":{
 "type":{"const":"call"},"id":{"type":"string"},"link":{"type":["string","null"]},
 "app":{"type":"string"},
 "parties":{"$ref":"#/components/schemas/Words"},"flows":{"$ref":"#/components/schemas/Words"},
 "media":{"$ref":"#/components/schemas/Words"},"start":{"$ref":"#/components/schemas/Time"},
 "end":{"$ref":"#/components/schemas/Time"},"ended":{"type":"boolean"},
 "p2p":{"type":["boolean","null"]},"relayed":{"type":"boolean"},"emergency":{"type":"boolean"},
 "confidence":{"type":"number","minimum":0,"maximum":1},
 "reasons":{"$ref":"#/components/schemas/Words"},"codec":{"type":["string","null"]},
 "bitrate_kbps":{"$ref":"#/components/schemas/Measures"},
 "loss":{"$ref":"#/components/schemas/Measures"},
 "jitter_ms":{"$ref":"#/components/schemas/Measures"},
 "mos_before":{"$ref":"#/components/schemas/Measures"},
 "inflicted_loss":{"$ref":"#/components/schemas/Measures"},
 "added_delay_ms":{"$ref":"#/components/schemas/Measures"},
 "mos":{"$ref":"#/components/schemas/Measures"},
 "mos_scale":{"enum":["nb","wb","fb",null]},
 "mos_course":{"type":"object","required":["from","step","mos"],
  "description":"MOS at the end of each step of `step` seconds; missing where none is known",
  "properties":{"from":{"$ref":"#/components/schemas/Time"},"step":{"type":"integer"},
  "mos":{"type":"array","minItems":2,"maxItems":2,
   "items":{"type":"array","maxItems":64,"items":{"type":["number","null"]}}}}},
 "actions":{"type":"array","items":{"$ref":"#/components/schemas/CallAction"}}}},
"Host":{"type":"object","required":["type","addr","roles","confidence","peers","calls","flows",
 "bytes","first","last"],"properties":{"type":{"const":"host"},"addr":{"type":"string"},
 "roles":{"$ref":"#/components/schemas/Words"},"confidence":{"type":"number"},
 "peers":{"type":"integer"},"calls":{"type":"integer"},"flows":{"type":"integer"},
 "bytes":{"type":"integer"},"first":{"$ref":"#/components/schemas/Time"},
 "last":{"$ref":"#/components/schemas/Time"}}},
"Policy":{"type":"object","required":["name","match","action","mode","flows","packets","bytes",
 "dropped","delayed"],"properties":{"type":{"const":"policy"},
 "at":{"$ref":"#/components/schemas/Time"},"position":{"type":"integer"},
 "name":{"type":"string"},"match":{"type":"string"},"action":{"type":"string"},
 "mode":{"type":"string"},"flows":{"type":"integer"},"packets":{"type":"integer"},
 "bytes":{"type":"integer"},"dropped":{"type":"integer"},"delayed":{"type":"integer"}}},
"Gap":{"type":"object","required":["from","to","what","count","reason"],"properties":{
 "type":{"const":"gap"},"from":{"$ref":"#/components/schemas/Time"},
 "to":{"$ref":"#/components/schemas/Time"},"what":{"type":"string"},
 "count":{"type":"integer"},"reason":{"type":"string"}}},
"AuditEntry":{"type":"object","required":["at","who","verb","what"],"properties":{
 "type":{"const":"audit"},"at":{"$ref":"#/components/schemas/Time"},"who":{"type":"string"},
 "verb":{"type":"string"},"what":{"type":"string"}}},
"TrafficPoint":{"type":"object","required":["at","flows","bytes","packets"],"properties":{
 "at":{"$ref":"#/components/schemas/Time"},"flows":{"type":"integer"},
 "bytes":{"$ref":"#/components/schemas/Counts"},"packets":{"$ref":"#/components/schemas/Counts"}}},
"TrafficSeries":{"type":"object","required":["key","voip","flows","bytes","packets","points"],
 "properties":{"key":{"type":["string","null"],"description":"null for all the rest"},
 "voip":{"type":"boolean"},"flows":{"type":"integer"},
 "bytes":{"$ref":"#/components/schemas/Counts","description":"[sent, received] by inside hosts"},
 "packets":{"$ref":"#/components/schemas/Counts"},
 "points":{"type":"array","items":{"$ref":"#/components/schemas/TrafficPoint"}}}},
"Application":{"type":"object","required":["app","voip","flows","bytes","packets"],"properties":{
 "app":{"type":["string","null"],"description":"null for all the rest"},
 "voip":{"type":"boolean"},"flows":{"type":"integer"},
 "bytes":{"$ref":"#/components/schemas/Counts"},
 "packets":{"$ref":"#/components/schemas/Counts"}}},
"LoadPoint":{"type":"object","required":["at","bytes","packets","dropped","delayed","calls_most",
 "degraded_most"],"properties":{"at":{"$ref":"#/components/schemas/Time"},
 "bytes":{"$ref":"#/components/schemas/Classes"},"packets":{"$ref":"#/components/schemas/Classes"},
 "dropped":{"type":"integer"},"delayed":{"type":"integer"},"calls_most":{"type":"integer"},
 "degraded_most":{"type":"integer"}}})json";

}  // namespace

std::string_view schemas_of_records() {
  return text;
}

}  // namespace callweir::dashboard::routes
