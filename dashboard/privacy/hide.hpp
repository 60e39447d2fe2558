// Records without the addresses in them: what is stored where the privacy switch is on.
#pragma once

#include "base/record_stream.hpp"
#include "dashboard/privacy/pseudonyms.hpp"

namespace callweir::dashboard {

/// Replaces every address of a record by its stand-in, and those in its free text by their names.
/// Does nothing while `names` is off. Any thread.
void hide_addresses(stream::any_record& record, const pseudonyms& names);
void hide_addresses(gap_record& record, const pseudonyms& names);
void hide_addresses(audit_record& record, const pseudonyms& names);

}  // namespace callweir::dashboard
