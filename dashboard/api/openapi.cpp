#include "dashboard/api/openapi.hpp"

#include <algorithm>

#include "dashboard/api/answers.hpp"
#include "dashboard/api/route.hpp"

namespace callweir::dashboard::routes {
namespace {

void append_reference(std::string& out, std::string_view schema) {
  out += "{\"$ref\":";
  json::append_string(out, "#/components/schemas/" + std::string(schema));
  out += '}';
}

void append_choices(std::string& out, std::string_view choices) {
  out += "{\"type\":\"string\",\"enum\":[";
  bool first = true;
  while (!choices.empty()) {
    const auto bar = choices.find('|');
    if (!first) out += ',';
    first = false;
    json::append_string(out, choices.substr(0, bar));
    choices = bar == std::string_view::npos ? std::string_view() : choices.substr(bar + 1);
  }
  out += "]}";
}

void append_type(std::string& out, const parameter& one) {
  switch (one.kind) {
    case parameter_kind::whole:
      out += "{\"type\":\"integer\",\"minimum\":" + std::to_string(one.least);
      out += ",\"maximum\":" + std::to_string(one.most);
      out += ",\"default\":" + std::to_string(one.otherwise) + "}";
      break;
    case parameter_kind::flag:
      out += "{\"type\":\"boolean\"}";
      break;
    case parameter_kind::choice:
      append_choices(out, one.choices);
      break;
    default:
      out += "{\"type\":\"string\",\"minLength\":1,\"maxLength\":256}";
      break;
  }
}

void append_parameters(std::string& out, const route& of) {
  json::append_key(out, "parameters");
  out += '[';
  bool first = true;
  if (std::string_view(of.pattern).find("{id}") != std::string_view::npos) {
    out += R"({"name":"id","in":"path","required":true,"schema":{"type":"string"}})";
    first = false;
  }
  for (const auto& one : of.parameters) {
    out += first ? "{" : ",{";
    first = false;
    append_text(out, "name", one.name);
    append_text(out, "in", "query");
    append_text(out, "description", one.what);
    json::append_key(out, "schema");
    append_type(out, one);
    out += '}';
  }
  out += ']';
}

/// One media type after the other, of a list separated by ", ".
void append_content(std::string& out, std::string_view types, std::string_view schema) {
  json::append_key(out, "content");
  out += '{';
  while (!types.empty()) {
    const auto comma = types.find(", ");
    json::append_key(out, types.substr(0, comma));
    out += "{\"schema\":";
    if (schema.empty()) {
      out += "{}";
    } else {
      append_reference(out, schema);
    }
    out += '}';
    types = comma == std::string_view::npos ? std::string_view() : types.substr(comma + 2);
  }
  out += '}';
}

void append_answers(std::string& out, const route& of) {
  json::append_key(out, "responses");
  out += '{';
  json::append_key(out, std::to_string(of.status));
  out += '{';
  append_text(out, "description", of.status == 204 ? "done" : "the answer");
  if (of.status != 204) append_content(out, of.type, of.schema);
  out += '}';
  if (of.verb == http::method::del || of.verb == http::method::patch) {
    out += R"(,"202":{"description":"it holds, and will be on disk as soon as there is room")";
    append_content(out, of.type, "Held");
    out += '}';
  }
  if (std::string_view(of.pattern) == "/healthz") {
    out += R"(,"503":{"description":"the store fails")";
    append_content(out, of.type, of.schema);
    out += '}';
  }
  out += R"(,"default":{"$ref":"#/components/responses/Problem"}})";
}

void append_route(std::string& out, const route& of) {
  std::string verb = method_name(of.verb);
  std::transform(verb.begin(), verb.end(), verb.begin(),
                 [](char c) { return static_cast<char>(c - 'A' + 'a'); });
  json::append_key(out, verb);
  out += '{';
  append_text(out, "operationId", of.name);
  append_text(out, "summary", of.summary);
  append_parameters(out, of);
  if (*of.body != '\0') {
    json::append_key(out, "requestBody");
    out += "{\"required\":true";
    append_content(out, "application/json", of.body);
    out += '}';
  }
  append_answers(out, of);
  json::append_key(out, "security");
  out += of.needs ? R"([{"session":[]},{"token":[]}])" : "[]";
  out += '}';
}

constexpr std::string_view description =
    "What Callweir saw and did. Times are seconds since 1970, bytes are L3 lengths, pairs are "
    "[initiator to responder, responder to initiator] in calls and flows, [from inside, from "
    "outside] elsewhere; what could not be measured is null. Browsers log in and send X-CSRF-Token "
    "with what changes anything; programs send a token. Lists come in pages: `next` is the address "
    "of the next one. Unknown parameters are refused. Within version 1 keys may be added, none is "
    "taken away.";

constexpr std::string_view components_rest = R"("securitySchemes":{
"session":{"type":"apiKey","in":"cookie","name":"__Host-callweir-session"},
"token":{"type":"http","scheme":"bearer","description":"cw_…, made by callweir user token add"}},
"responses":{"Problem":{"description":"what is wrong, where, and how to mend it",
"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Problem"}}}}})";

}  // namespace

std::string openapi_document(const std::string& version) {
  std::string out = R"({"openapi":"3.1.0","info":{)";
  append_text(out, "title", "Callweir");
  append_text(out, "version", version);
  append_text(out, "description", description);
  out += "},\"servers\":[{\"url\":\"/\"}],\"paths\":{";
  std::string_view path;
  for (const auto& one : all_routes()) {
    // Verbs of one path stand together in the table.
    if (path != one.pattern) {
      if (!path.empty()) out += '}';
      path = one.pattern;
      json::append_key(out, path);
      out += '{';
    }
    append_route(out, one);
  }
  out += "}},\"components\":{\"schemas\":{";
  out += schemas_of_records();
  out += ',';
  out += schemas_of_answers();
  out += "},";
  out += components_rest;
  return out + "}}";
}

http::response get_document(context& of) {
  return made(openapi_document(of.here.parts.version));
}

}  // namespace callweir::dashboard::routes
