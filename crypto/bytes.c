#include "crypto/bytes.h"

/* ---- tokens --------------------------------------------------------------------------------------------------------- */

static bool token_char(uint8_t c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
}

struct rota_status rota_token_parse(struct rota_token *out, struct rota_view text)
{
    memset(out, 0, sizeof *out);
    if (text.len == 0 || text.len > ROTA_TOKEN_CHARS_MAX)
        return rota_fail(ROTA_MALFORMED, "a name has 1 to 32 characters");
    for (size_t i = 0; i < text.len; i++)
        if (!token_char(text.data[i]))
            return rota_fail(ROTA_MALFORMED, "a name holds only letters, digits, dot, underscore and minus");
    memcpy(out->text, text.data, text.len);
    return rota_ok();
}

/* ---- hex ------------------------------------------------------------------------------------------------------------ */

void rota_hex_encode(char *out_text, struct rota_view bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        *out_text++ = digits[bytes.data[i] >> 4];
        *out_text++ = digits[bytes.data[i] & 15];
    }
    *out_text = '\0';
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

struct rota_status rota_hex_decode(uint8_t *out, size_t out_len, struct rota_view text)
{
    if (text.len != 2 * out_len)
        return rota_fail(ROTA_MALFORMED, "hex of the wrong length");
    for (size_t i = 0; i < out_len; i++) {
        int high = hex_value(text.data[2 * i]), low = hex_value(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return rota_fail(ROTA_MALFORMED, "not lower-case hex");
        out[i] = (uint8_t)(high << 4 | low);
    }
    return rota_ok();
}

/* ---- base64url ------------------------------------------------------------------------------------------------------ */

static const char base64url_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void rota_base64url_encode(char *out_text, struct rota_view bytes)
{
    size_t i = 0;
    for (; i + 2 < bytes.len; i += 3) {
        uint32_t group = (uint32_t)bytes.data[i] << 16 | (uint32_t)bytes.data[i + 1] << 8 | bytes.data[i + 2];
        *out_text++ = base64url_digits[group >> 18];
        *out_text++ = base64url_digits[group >> 12 & 63];
        *out_text++ = base64url_digits[group >> 6 & 63];
        *out_text++ = base64url_digits[group & 63];
    }
    if (bytes.len - i == 1) {
        *out_text++ = base64url_digits[bytes.data[i] >> 2];
        *out_text++ = base64url_digits[(bytes.data[i] & 3) << 4];
    } else if (bytes.len - i == 2) {
        uint32_t group = (uint32_t)bytes.data[i] << 8 | bytes.data[i + 1];
        *out_text++ = base64url_digits[group >> 10];
        *out_text++ = base64url_digits[group >> 4 & 63];
        *out_text++ = base64url_digits[(group & 15) << 2];
    }
    *out_text = '\0';
}

/* The value of each character; bit 6 alone marks a character that base64url does not have. */
enum { BASE64URL_NONE = 64 };

/* clang-format off */
static const uint8_t base64url_values[256] = {
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 62, 64, 64,
    52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 64, 64, 64,
    64, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
    15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 64, 64, 64, 64, 63,
    64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
    41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64,
};
/* clang-format on */

/* Every character known, and the unused bits of the last one zero. */
static struct rota_status base64url_check(struct rota_view text)
{
    static const uint8_t stray_bits[4] = {0, 0x3f, 0x0f, 0x03};
    uint8_t seen = 0;
    if (text.len % 4 == 1)
        return rota_fail(ROTA_MALFORMED, "base64url of an impossible length");
    for (size_t i = 0; i < text.len; i++)
        seen |= base64url_values[text.data[i]];
    if (seen & BASE64URL_NONE)
        return rota_fail(ROTA_MALFORMED, "a character that base64url does not have");
    if (text.len > 0 && base64url_values[text.data[text.len - 1]] & stray_bits[text.len % 4])
        return rota_fail(ROTA_MALFORMED, "base64url with stray bits at its end");
    return rota_ok();
}

struct rota_status rota_base64url_measure(size_t *out_len, size_t size_max, struct rota_view text)
{
    *out_len = 0;
    if (text.len / 4 > size_max / 3)
        return rota_fail(ROTA_TOO_LARGE, "base64url of more bytes than allowed");
    ROTA_TRY(base64url_check(text));
    size_t len = text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0);
    if (len > size_max)
        return rota_fail(ROTA_TOO_LARGE, "base64url of more bytes than allowed");
    *out_len = len;
    return rota_ok();
}

struct rota_status rota_base64url_decode(uint8_t *out, size_t *out_len, size_t out_size, struct rota_view text)
{
    ROTA_TRY(rota_base64url_measure(out_len, out_size, text));
    const uint8_t *in = text.data;
    size_t left = text.len;
    for (; left >= 4; left -= 4, in += 4) {
        uint32_t group = (uint32_t)base64url_values[in[0]] << 18 | (uint32_t)base64url_values[in[1]] << 12 |
                         (uint32_t)base64url_values[in[2]] << 6 | base64url_values[in[3]];
        *out++ = (uint8_t)(group >> 16);
        *out++ = (uint8_t)(group >> 8);
        *out++ = (uint8_t)group;
    }
    if (left >= 2)
        *out++ = (uint8_t)(base64url_values[in[0]] << 2 | base64url_values[in[1]] >> 4);
    if (left == 3)
        *out = (uint8_t)(base64url_values[in[1]] << 4 | base64url_values[in[2]] >> 2);
    return rota_ok();
}
