/* A hash table from the host's ids to structs: open addressing, and no tombstones, so that it never needs a clean-up.
 */

typedef struct IdSlot {
  uint32_t id;
  void *value; /* NULL: the slot is free */
} IdSlot;

static uint32_t id_table_home(const IdTable *table, uint32_t id) { return (id * 2654435769u >> 7) & table->mask; }

static inline __attribute__((always_inline)) IdSlot *id_table_slot(const IdTable *table, uint32_t id) {
  for (uint32_t i = id_table_home(table, id);; i = (i + 1) & table->mask) {
    IdSlot *slot = &table->slots[i];
    if (!slot->value || slot->id == id)
      return slot;
  }
}

static void *id_table_get(const IdTable *table, uint32_t id) {
  return table->slots ? id_table_slot(table, id)->value : NULL;
}

static bool id_table_grow(IdTable *table) {
  IdTable bigger = {.mask = table->slots ? table->mask * 2 + 1 : 15};
  bigger.slots = calloc((size_t)bigger.mask + 1, sizeof(IdSlot));
  if (!bigger.slots)
    return false;
  for (uint32_t i = 0; table->slots && i <= table->mask; i++)
    if (table->slots[i].value)
      *id_table_slot(&bigger, table->slots[i].id) = table->slots[i];
  bigger.count = table->count;
  free(table->slots);
  *table = bigger;
  return true;
}

/* False: no memory. An older value of the same id is replaced; the caller must have taken it out before. */
static bool id_table_put(IdTable *table, uint32_t id, void *value) {
  if ((!table->slots || table->count * 4 >= table->mask * 3) && !id_table_grow(table))
    return false;
  IdSlot *slot = id_table_slot(table, id);
  table->count += !slot->value;
  *slot = (IdSlot){.id = id, .value = value};
  return true;
}

/* Takes an entry out and returns its value, or NULL. Later entries of the same run move up. */
static void *id_table_take(IdTable *table, uint32_t id) {
  IdSlot *slot = table->slots ? id_table_slot(table, id) : NULL;
  void *value = slot ? slot->value : NULL;
  if (!value)
    return NULL;
  uint32_t hole = (uint32_t)(slot - table->slots);
  for (uint32_t i = (hole + 1) & table->mask; table->slots[i].value; i = (i + 1) & table->mask) {
    uint32_t home = id_table_home(table, table->slots[i].id);
    if (((i - home) & table->mask) >= ((i - hole) & table->mask)) {
      table->slots[hole] = table->slots[i];
      hole = i;
    }
  }
  table->slots[hole].value = NULL;
  table->count--;
  return value;
}
