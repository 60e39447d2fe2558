// UTF-8 by RFC 3629: no overlong forms, no surrogates, nothing beyond U+10FFFF. Any thread.
#pragma once

#include <cstddef>
#include <string_view>

namespace callweir {

/// Length of the sequence of two to four bytes that starts `text`, 0 when there is none (an ASCII
/// byte starts none).
std::size_t utf8_length(std::string_view text);
/// Whether all of it is UTF-8, ASCII included.
bool is_utf8(std::string_view text);

}  // namespace callweir
