// The OpenAPI 3.1 document, made from the table of routes and the schemas beside it.
#pragma once

#include <string>
#include <string_view>

namespace callweir::dashboard::routes {

std::string openapi_document(const std::string& version);
/// The members of components/schemas, as JSON without the braces around them.
std::string_view schemas_of_records();
std::string_view schemas_of_answers();

}  // namespace callweir::dashboard::routes
