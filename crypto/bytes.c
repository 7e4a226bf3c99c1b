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

/* 64 marks a character that base64url does not have. */
static uint8_t base64url_value(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return (uint8_t)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (uint8_t)(c - 'a' + 26);
    if (c >= '0' && c <= '9')
        return (uint8_t)(c - '0' + 52);
    return c == '-' ? 62 : c == '_' ? 63 : 64;
}

struct rota_status rota_base64url_decode(uint8_t *out, size_t *out_len, size_t out_size, struct rota_view text)
{
    if (text.len % 4 == 1)
        return rota_fail(ROTA_MALFORMED, "base64url of an impossible length");
    *out_len = text.len / 4 * 3 + (text.len % 4 ? text.len % 4 - 1 : 0);
    if (*out_len > out_size)
        return rota_fail(ROTA_TOO_LARGE, "base64url of more bytes than allowed");
    uint32_t bits = 0, count = 0;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t value = base64url_value(text.data[i]);
        if (value == 64)
            return rota_fail(ROTA_MALFORMED, "a character that base64url does not have");
        bits = (bits << 6 | value) & 0xffffff;
        count += 6;
        if (count >= 8) {
            count -= 8;
            *out++ = (uint8_t)(bits >> count);
        }
    }
    if ((bits & ((1u << count) - 1)) != 0)
        return rota_fail(ROTA_MALFORMED, "base64url with stray bits at its end");
    return rota_ok();
}
