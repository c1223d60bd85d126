/*
 * What the engine uses of libc and would pay too much for. Without stdio the module needs no file descriptors from the
 * host, which Envoy may refuse; without it and strtod it is 40 KB smaller, most of that software arithmetic for long
 * doubles.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dtoa.h"

/* The engine prints only for its own debugging. */
#undef putchar
#undef stdout
#define printf(...) ((int)0)
#define fprintf(...) ((void)0)
#define fputs(...) ((void)0)
#define putchar(...) ((void)0)
#define fflush(...) ((void)0)
#define fwrite(...) ((size_t)0)
#define stdout ((FILE *)0)

/* JSON's numbers: already checked by the parser, and read with the engine's own converter, as numbers in a program are.
 */
static double parse_number(const char *text) {
  JSATODTempMem memory;
  return js_atod(text, NULL, 10, 0, &memory);
}
#define strtod(text, end) parse_number(text)

/* A conversion specification, as far as the engine's messages and dates need them:
 * %[-+0][width][.precision][size]letter */
typedef struct Conversion {
  bool left, plus, zero;
  int width, precision; /* precision -1: none */
  int longs;            /* 2 and more: 64 bits */
} Conversion;

typedef struct Formatted {
  char *text;
  size_t capacity, size; /* size counts what had no room, too */
} Formatted;

static void put_char(Formatted *out, char c) {
  if (out->size + 1 < out->capacity)
    out->text[out->size] = c;
  out->size++;
}

static void put_field(Formatted *out, const Conversion *conversion, char sign, const char *data, size_t size) {
  int padding = conversion->width - (int)size - (sign != 0);
  bool zero = conversion->zero && !conversion->left;
  for (; !zero && !conversion->left && padding > 0; padding--)
    put_char(out, ' ');
  if (sign)
    put_char(out, sign);
  for (; zero && padding > 0; padding--)
    put_char(out, '0');
  for (size_t i = 0; i < size; i++)
    put_char(out, data[i]);
  for (; padding > 0; padding--)
    put_char(out, ' ');
}

static void put_number(Formatted *out, const Conversion *conversion, uint64_t value, bool negative, char letter) {
  const char *numerals = letter == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
  unsigned base = letter == 'd' || letter == 'u' ? 10 : 16;
  char digits[20], *start = digits + sizeof digits;
  do
    *--start = numerals[value % base];
  while (value /= base);
  put_field(out, conversion,
            negative           ? '-'
            : conversion->plus ? '+'
                               : 0,
            start, (size_t)(digits + sizeof digits - start));
}

static void put_string(Formatted *out, Conversion *conversion, const char *text) {
  size_t size = 0;
  while ((conversion->precision < 0 || size < (size_t)conversion->precision) && text[size])
    size++;
  conversion->zero = false;
  put_field(out, conversion, 0, text, size);
}

static int format_text(char *text, size_t capacity, const char *format, va_list arguments) {
  Formatted out = {.text = text, .capacity = capacity};
  for (const char *at = format; *at; at++) {
    if (*at != '%') {
      put_char(&out, *at);
      continue;
    }
    Conversion conversion = {.precision = -1};
    for (at++; *at == '-' || *at == '+' || *at == '0'; at++) {
      conversion.left |= *at == '-';
      conversion.plus |= *at == '+';
      conversion.zero |= *at == '0';
    }
    for (int *number = &conversion.width;; at++) {
      if (*at == '*')
        *number = va_arg(arguments, int);
      else if (*at == '.')
        *(number = &conversion.precision) = 0;
      else if (*at >= '0' && *at <= '9')
        *number = *number * 10 + *at - '0';
      else
        break;
    }
    for (; *at == 'l' || *at == 'z' || *at == 'j'; at++)
      conversion.longs += *at == 'j' || (sizeof(long) == 8) ? 2 : *at == 'l';
    switch (*at) {
    case 'c': {
      char c = (char)va_arg(arguments, int);
      put_field(&out, &conversion, 0, &c, 1);
      break;
    }
    case 's':
      put_string(&out, &conversion, va_arg(arguments, const char *));
      break;
    case 'd': {
      int64_t value = conversion.longs >= 2 ? va_arg(arguments, int64_t) : va_arg(arguments, int);
      put_number(&out, &conversion, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0, *at);
      break;
    }
    case 'u':
    case 'x':
    case 'X': {
      uint64_t value = conversion.longs >= 2 ? va_arg(arguments, uint64_t) : va_arg(arguments, unsigned);
      put_number(&out, &conversion, value, false, *at);
      break;
    }
    case 'p':
      put_number(&out, &conversion, (uintptr_t)va_arg(arguments, void *), false, *at);
      break;
    default: /* "%%"; the engine uses no other letter */
      put_char(&out, *at);
    }
  }
  if (capacity)
    out.text[out.size < capacity ? out.size : capacity - 1] = '\0';
  return (int)out.size;
}

static int format_arguments(char *text, size_t capacity, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int size = format_text(text, capacity, format, arguments);
  va_end(arguments);
  return size;
}
#define vsnprintf format_text
#define snprintf format_arguments
