// Schemas of whole answers, and of what is sent.
#include "dashboard/api/openapi.hpp"

namespace callweir::dashboard::routes {
namespace {

constexpr std::string_view text =
    R"json("Status":{"type":"object","required":["at","version","site",
 "timezone","pseudonymise","appliance","engine","ingest","store","server"],"properties":{
 "at":{"$ref":"#/components/schemas/Time"},"version":{"type":"string"},"site":{"type":"string"},
 "timezone":{"type":"string"},"pseudonymise":{"type":"boolean"},
 "appliance":{"type":["object","null"],"required":["state"],
  "description":"what callweir status --json prints; state is unreachable when nobody answers",
  "properties":{"state":{"type":"string"}}},
 "engine":{"type":"object","required":["connected","life","links"],"properties":{
  "connected":{"type":"boolean"},"life":{"type":["string","null"]},
  "links":{"$ref":"#/components/schemas/Words"}}},
 "ingest":{"type":"object","required":["records","live_records","lost","malformed","connects",
  "waiting"],"additionalProperties":{"type":"integer"}},
 "store":{"type":"object","required":["rows_written","transactions","rows_pruned","bytes",
  "max_bytes","keep","disk_full","trouble","note","moved_aside"],"properties":{
  "rows_written":{"type":"integer"},"transactions":{"type":"integer"},
  "rows_pruned":{"type":"integer"},"bytes":{"type":"integer"},"max_bytes":{"type":"integer"},
  "keep":{"type":"number"},"disk_full":{"type":"boolean"},"trouble":{"type":["string","null"]},
  "note":{"type":["string","null"]},"moved_aside":{"type":["string","null"]}}},
 "server":{"type":"object","additionalProperties":{"type":"integer"}}}},
"Page":{"type":"object","required":["from","to","next"],"properties":{
 "from":{"$ref":"#/components/schemas/Time"},"to":{"$ref":"#/components/schemas/Time"},
 "next":{"type":["string","null"]}}},
"Newest":{"type":"object","required":["from","to","more"],"properties":{
 "from":{"$ref":"#/components/schemas/Time"},"to":{"$ref":"#/components/schemas/Time"},
 "more":{"type":"boolean","description":"there are older ones in the period"}}},
"Sums":{"type":"object","required":["from","to"],"properties":{
 "from":{"$ref":"#/components/schemas/Time"},"to":{"$ref":"#/components/schemas/Time"}}},
"Calls":{"allOf":[{"$ref":"#/components/schemas/Page"}],"required":["calls"],"properties":{
 "calls":{"type":"array","items":{"$ref":"#/components/schemas/Call"}}}},
"Flows":{"allOf":[{"$ref":"#/components/schemas/Page"}],"required":["flows"],"properties":{
 "flows":{"type":"array","items":{"$ref":"#/components/schemas/Flow"}}}},
"Hosts":{"allOf":[{"$ref":"#/components/schemas/Page"}],"required":["hosts"],"properties":{
 "hosts":{"type":"array","items":{"$ref":"#/components/schemas/Host"}}}},
"Gaps":{"allOf":[{"$ref":"#/components/schemas/Newest"}],"required":["gaps"],"properties":{
 "gaps":{"type":"array","items":{"$ref":"#/components/schemas/Gap"}}}},
"Audit":{"allOf":[{"$ref":"#/components/schemas/Newest"}],"required":["audit"],"properties":{
 "audit":{"type":"array","items":{"$ref":"#/components/schemas/AuditEntry"}}}},
"Applications":{"allOf":[{"$ref":"#/components/schemas/Sums"}],"required":["applications"],
 "properties":{"applications":{"type":"array",
  "items":{"$ref":"#/components/schemas/Application"}}}},
"Traffic":{"allOf":[{"$ref":"#/components/schemas/Sums"}],"required":["step","series"],
 "properties":{"step":{"type":"number"},
 "series":{"type":"array","items":{"$ref":"#/components/schemas/TrafficSeries"}}}},
"Load":{"allOf":[{"$ref":"#/components/schemas/Sums"}],"required":["step","load"],"properties":{
 "step":{"type":"number"},
 "load":{"type":"array","items":{"$ref":"#/components/schemas/LoadPoint"}}}},
"Policies":{"type":"object","required":["policies"],"properties":{
 "policies":{"type":"array","items":{"$ref":"#/components/schemas/Policy"}}}},
"Session":{"type":"object","required":["name","role","scopes","token","csrf","expires","site",
 "timezone","version","written"],"properties":{"name":{"type":"string"},
 "role":{"$ref":"#/components/schemas/Role"},"scopes":{"$ref":"#/components/schemas/Scopes"},
 "token":{"type":"boolean"},"csrf":{"type":["string","null"]},"expires":{"type":["number","null"]},
 "site":{"type":"string"},"timezone":{"type":"string"},"version":{"type":"string"},
 "written":{"type":"boolean","description":"false: the login or the new password holds, and will be on disk as soon as there is room"}}},
"Bypass":{"type":"object","required":["on"],"additionalProperties":false,"properties":{
 "on":{"type":"boolean","description":"everything is forwarded untouched, nothing is acted on"}}},
"Held":{"type":"object","required":["written","what"],"properties":{"written":{"const":false},
 "what":{"type":"string"}}},
"Setup":{"type":"object","required":["needed"],"properties":{"needed":{"type":"boolean"}}},
"Health":{"type":"object","required":["status","store","engine","waiting"],"properties":{
 "status":{"enum":["ok","waiting","failing"]},
 "store":{"enum":["ok","disk full","failing","unreadable"]},
 "engine":{"enum":["connected","away"]},"waiting":{"type":"integer"}}},
"Role":{"enum":["admin","operator","viewer"]},
"Scopes":{"type":"array","items":{"enum":["read","reports","metrics","admin","operate"]},
 "minItems":1,"maxItems":5},
"Account":{"type":"object","required":["type","name","role","created","changed","last_login",
 "last_login_from"],"properties":{"type":{"const":"account"},"name":{"type":"string"},
 "role":{"$ref":"#/components/schemas/Role"},"created":{"$ref":"#/components/schemas/Time"},
 "changed":{"$ref":"#/components/schemas/Time"},"last_login":{"type":["number","null"]},
 "last_login_from":{"type":["string","null"]}}},
"Accounts":{"type":"object","required":["accounts"],"properties":{
 "accounts":{"type":"array","items":{"$ref":"#/components/schemas/Account"}}}},
"Token":{"type":"object","required":["type","id","name","role","scopes","created","expires",
 "last_used","made_by"],"properties":{"type":{"const":"token"},"id":{"type":"integer"},
 "name":{"type":"string"},"role":{"$ref":"#/components/schemas/Role"},
 "scopes":{"$ref":"#/components/schemas/Scopes"},"created":{"$ref":"#/components/schemas/Time"},
 "expires":{"type":["number","null"]},"last_used":{"type":["number","null"]},
 "made_by":{"type":"string"}}},
"Tokens":{"type":"object","required":["tokens"],"properties":{
 "tokens":{"type":"array","items":{"$ref":"#/components/schemas/Token"}}}},
"MadeToken":{"allOf":[{"$ref":"#/components/schemas/Token"}],"required":["secret"],
 "properties":{"secret":{"type":"string","description":"cw_…; not kept, not shown again"}}},
"LogIn":{"type":"object","required":["name","password"],"additionalProperties":false,
 "properties":{"name":{"type":"string"},"password":{"type":"string"}}},
"ChangePassword":{"type":"object","required":["password","new_password"],
 "additionalProperties":false,"properties":{"password":{"type":"string"},
 "new_password":{"type":"string","minLength":10,"maxLength":1024}}},
"SetUp":{"type":"object","required":["code","name","password"],"additionalProperties":false,
 "properties":{"code":{"type":"string"},"name":{"$ref":"#/components/schemas/Name"},
 "password":{"type":"string","minLength":10,"maxLength":1024}}},
"Name":{"type":"string","pattern":"^[a-z0-9][a-z0-9._@-]{0,63}$"},
"NewAccount":{"type":"object","required":["name","role","password"],"additionalProperties":false,
 "properties":{"name":{"$ref":"#/components/schemas/Name"},
 "role":{"$ref":"#/components/schemas/Role"},
 "password":{"type":"string","minLength":10,"maxLength":1024}}},
"AccountChange":{"type":"object","additionalProperties":false,"minProperties":1,"properties":{
 "role":{"$ref":"#/components/schemas/Role"},
 "password":{"type":"string","minLength":10,"maxLength":1024}}},
"NewToken":{"type":"object","required":["name","role","scopes"],"additionalProperties":false,
 "properties":{"name":{"$ref":"#/components/schemas/Name"},
 "role":{"$ref":"#/components/schemas/Role"},"scopes":{"$ref":"#/components/schemas/Scopes"},
 "expires_in":{"type":["integer","null"],"minimum":60,"maximum":316224000,
 "description":"seconds from now; until it is removed where it is left out"}}})json";

}  // namespace

std::string_view schemas_of_answers() {
  return text;
}

}  // namespace callweir::dashboard::routes
