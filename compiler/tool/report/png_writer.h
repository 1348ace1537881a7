// png_writer.h: small pictures for a report: PNG (ISO/IEC 15948) and its text form for a data URI.
#ifndef TOOL_REPORT_PNG_WRITER_H
#define TOOL_REPORT_PNG_WRITER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"

/// Adds the PNG of 8-bit pixels [height, width, channels], channels 1 (grey) or 3 (RGB). False
/// when there is no memory.
bool png_encode(const uint8_t *pixels, uint32_t width, uint32_t height, uint32_t channels,
                StrBuf *out);
/// Adds bytes as base64 (RFC 4648).
void base64_add(StrBuf *out, const void *data, size_t bytes);

#endif
