#include "crypto/codec.h"

#include "tests/unit/crypto/check.h"

Test(codec, integers_are_big_endian_and_of_fixed_width)
{
    uint8_t bytes[15];
    static const uint8_t expected[15] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    rota_write_u8(&writer, 0x01);
    rota_write_u16(&writer, 0x0203);
    rota_write_u32(&writer, 0x04050607);
    rota_write_u64(&writer, UINT64_C(0x08090a0b0c0d0e0f));
    cr_assert_not(writer.bad);
    cr_assert_eq(writer.len, sizeof bytes);
    cr_assert_arr_eq(bytes, expected, sizeof bytes);
    struct rota_reader reader = rota_reader(rota_view(bytes, sizeof bytes));
    cr_assert_eq(rota_read_u8(&reader), 0x01);
    cr_assert_eq(rota_read_u16(&reader), 0x0203);
    cr_assert_eq(rota_read_u32(&reader), 0x04050607);
    cr_assert_eq(rota_read_u64(&reader), UINT64_C(0x08090a0b0c0d0e0f));
    expect_ok(rota_reader_finish(&reader));
}

Test(codec, strings_carry_their_length_first)
{
    uint8_t bytes[64];
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    rota_write_short(&writer, rota_view_text("alpha"));
    rota_write_long(&writer, rota_view_text("bravo!"));
    rota_write_short(&writer, rota_view(NULL, 0));
    cr_assert_eq(writer.len, 2u + 5 + 4 + 6 + 2);
    cr_assert_arr_eq(bytes, "\0\5alpha\0\0\0\6bravo!\0\0", writer.len);
    struct rota_reader reader = rota_reader(rota_view(bytes, writer.len));
    cr_assert(rota_view_equal(rota_read_short(&reader), rota_view_text("alpha")));
    cr_assert(rota_view_equal(rota_read_long(&reader), rota_view_text("bravo!")));
    cr_assert_eq(rota_read_short(&reader).len, 0);
    expect_ok(rota_reader_finish(&reader));
}

/* The message of all kinds of fields, cut at every byte: never good, never out of bounds (ASan), zero where cut. */
Test(codec, a_reader_cut_at_any_byte_is_bad_and_gives_zeros)
{
    uint8_t bytes[128];
    struct rota_hash hash;
    struct rota_signature signature;
    memset(&hash, 0x11, sizeof hash);
    memset(&signature, 0x22, sizeof signature);
    struct rota_writer writer = rota_writer(bytes, sizeof bytes);
    rota_write_u64(&writer, 7);
    rota_write_short(&writer, rota_view_text("token"));
    rota_write_hash(&writer, &hash);
    rota_write_signature(&writer, &signature);
    cr_assert_not(writer.bad);
    for (size_t len = 0; len <= writer.len; len++) {
        uint8_t *exact = malloc(len ? len : 1);
        memcpy(exact, bytes, len);
        struct rota_reader reader = rota_reader(rota_view(exact, len));
        (void)rota_read_u64(&reader);
        (void)rota_read_short(&reader);
        rota_read_hash(&reader, &hash);
        memset(&signature, 0xff, sizeof signature);
        rota_read_signature(&reader, &signature);
        cr_assert_eq(rota_is_ok(rota_reader_finish(&reader)), len == writer.len, "cut at %zu", len);
        cr_assert_eq(signature.b[0], len == writer.len ? 0x22 : 0);
        free(exact);
    }
}

Test(codec, a_bad_reader_stays_bad)
{
    struct rota_reader reader = rota_reader(rota_view("\1\2\3", 3));
    cr_assert_eq(rota_read_u32(&reader), 0);
    cr_assert(reader.bad);
    cr_assert_eq(rota_read_u8(&reader), 0);
    cr_assert_eq(rota_read_view(&reader, 1).len, 0);
    expect_code(rota_reader_finish(&reader), ROTA_MALFORMED);
}

Test(codec, a_flag_is_0_or_1)
{
    uint8_t bytes[] = {0, 1, 2};
    struct rota_reader reader = rota_reader(rota_view(bytes, sizeof bytes));
    cr_assert_not(rota_read_flag(&reader));
    cr_assert(rota_read_flag(&reader));
    cr_assert_not(reader.bad);
    cr_assert_not(rota_read_flag(&reader));
    cr_assert(reader.bad);
}

Test(codec, bytes_left_over_are_an_error)
{
    struct rota_reader reader = rota_reader(rota_view("\1\2\3", 3));
    (void)rota_read_u16(&reader);
    expect_code(rota_reader_finish(&reader), ROTA_MALFORMED);
}

Test(codec, a_length_that_lies_does_not_move_the_reader)
{
    struct rota_reader reader = rota_reader(rota_view("\xff\xff\xff\xff"
                                                      "ab",
                                                      6));
    cr_assert_eq(rota_read_long(&reader).len, 0);
    cr_assert(reader.bad);
    reader = rota_reader(rota_view("\0\3ab", 4));
    cr_assert_eq(rota_read_short(&reader).len, 0);
    cr_assert(reader.bad);
}

Test(codec, a_writer_without_room_is_bad_and_writes_nothing_more)
{
    uint8_t bytes[4] = {9, 9, 9, 9};
    struct rota_writer writer = rota_writer(bytes, 3);
    rota_write_u16(&writer, 1);
    rota_write_u16(&writer, 2);
    cr_assert(writer.bad);
    cr_assert_eq(bytes[2], 9);
    rota_write_u8(&writer, 3);
    cr_assert_eq(writer.len, 2);
    cr_assert_eq(bytes[2], 9);
}

Test(codec, a_short_string_has_at_most_65535_bytes)
{
    static uint8_t room[70000], text[65536];
    struct rota_writer writer = rota_writer(room, sizeof room);
    rota_write_short(&writer, rota_view(text, 65535));
    cr_assert_not(writer.bad);
    writer = rota_writer(room, sizeof room);
    rota_write_short(&writer, rota_view(text, 65536));
    cr_assert(writer.bad);
}
