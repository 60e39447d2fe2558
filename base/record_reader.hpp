// One record from its JSON object: the inverse of append_json. Unknown application names become
// `Unknown`; what a verdict's bits were is not in a record, its sentences are.
#pragma once

#include <boost/json/object.hpp>

#include "base/record_stream.hpp"

namespace callweir::stream {

result<any_record> read_record(const boost::json::object& from);

}  // namespace callweir::stream
