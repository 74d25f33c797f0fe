// The four passes of SCNN's message passing (models/message_passing.py) for a CPU, in float32.
//
// A map lies as B images of H rows of W columns of C channels.  A slice is a row or a column; L are
// its places.  Every place hears from REACH places of the slice before it, whose C channels lie one
// after the other in a copy with empty margins: one run of REACH * C numbers, so a message is a dot
// product.  A tile computes the messages of a few places and BLOCK channels in registers.  Every
// number is summed in the same order however many threads there are.

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

namespace {

constexpr int REACH = 9;
constexpr int MARGIN = REACH / 2;

#if defined(__AVX512F__)
constexpr int LANES = 16, PLACES = 12;  // 24 of 32 registers hold sums
#elif defined(__AVX__)
constexpr int LANES = 8, PLACES = 6;  // 12 of 16
#else
constexpr int LANES = 4, PLACES = 6;
#endif
constexpr int VECTORS = 2;
constexpr int BLOCK = VECTORS * LANES;  // channels of a tile

typedef float Vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));

// Sum over each of the REACH neighbours by itself, then add up: rounding errors stay small.
template <int COUNT>
void tile(const float* heard, int64_t channels, const float* weights, float* total) {
  for (int tap = 0; tap < REACH; ++tap, heard += channels) {
    Vector sum[COUNT][VECTORS] = {};
    for (int64_t c = 0; c < channels; ++c, weights += BLOCK) {
      const Vector* weight = reinterpret_cast<const Vector*>(weights);
#pragma GCC unroll 16
      for (int place = 0; place < COUNT; ++place)
#pragma GCC unroll 2
        for (int v = 0; v < VECTORS; ++v) sum[place][v] += heard[place * channels + c] * weight[v];
    }
    for (int i = 0; i < COUNT * VECTORS; ++i)
      reinterpret_cast<Vector*>(total)[i] += sum[i / VECTORS][i % VECTORS];
  }
}

// tile<COUNT> for a COUNT that is known only here
template <int COUNT = PLACES>
void tile_of(int64_t count, const float* heard, int64_t channels, const float* weights,
             float* total) {
  if (count == COUNT) return tile<COUNT>(heard, channels, weights, total);
  if constexpr (COUNT > 1) tile_of<COUNT - 1>(count, heard, channels, weights, total);
}

struct Axis {
  int64_t count, stride;
};

int64_t blocks_of(int64_t channels) { return (channels + BLOCK - 1) / BLOCK; }

struct Weights {
  const float* at;
  int64_t out, in, tap;  // strides
  const float* bias;     // null: none

  // As tiles read them: (block, tap, in, BLOCK), and a bias per channel behind; zero beyond the end.
  void pack(int64_t channels, float* packed) const {
    float* biases = packed + blocks_of(channels) * REACH * channels * BLOCK;
#pragma omp for
    for (int64_t block = 0; block < blocks_of(channels); ++block) {
      float* next = packed + block * REACH * channels * BLOCK;
      for (int64_t k = 0; k < REACH; ++k)
        for (int64_t c = 0; c < channels; ++c)
          for (int64_t o = block * BLOCK; o < (block + 1) * BLOCK; ++o)
            *next++ = o < channels ? at[o * out + c * in + k * tap] : 0.0f;
      for (int64_t o = block * BLOCK; o < (block + 1) * BLOCK; ++o)
        biases[o] = bias && o < channels ? bias[o] : 0.0f;
    }
  }
};

struct Pass {
  float* map;
  int64_t batch, image;  // number and stride of images
  Axis slices, places;
  int64_t channels;
  bool reverse, spares_last;
  const float* packed;
  float *heard, *told;  // the slice before and this one, with margins: batch * pitch() each

  int64_t pitch() const { return (places.count + 2 * MARGIN) * channels; }
  float* slice(int64_t step) const {
    return map + (reverse ? slices.count - 1 - step : step) * slices.stride;
  }

  void start() const {
#pragma omp for
    for (int64_t b = 0; b < batch; ++b) {
      std::memset(heard + b * pitch(), 0, pitch() * sizeof(float));
      std::memset(told + b * pitch(), 0, pitch() * sizeof(float));
      for (int64_t i = 0; i < places.count; ++i)
        std::memcpy(heard + b * pitch() + (MARGIN + i) * channels,
                    slice(0) + b * image + i * places.stride, channels * sizeof(float));
    }
  }

  // Places [first, first + count) and the channels of one block hear, in image b.
  void hear(int64_t step, int64_t b, int64_t block, int64_t first, int64_t count) const {
    const int64_t length = REACH * channels * BLOCK;
    const int64_t from = block * BLOCK, to = std::min<int64_t>(from + BLOCK, channels);
    const float* biases = packed + blocks_of(channels) * length;
    float messages[PLACES * BLOCK];
    for (int64_t i = 0; i < count * BLOCK; ++i) messages[i] = biases[from + i % BLOCK];
    tile_of(count, heard + b * pitch() + first * channels, channels, packed + block * length,
            messages);
    for (int64_t i = 0; i < count; ++i) {
      const float* message = messages + i * BLOCK;
      float* here = slice(step) + b * image + (first + i) * places.stride;
      float* copy = told + b * pitch() + (MARGIN + first + i) * channels;
      for (int64_t o = from; o < to; ++o)
        copy[o] = here[o] += message[o - from] < 0.0f ? 0.0f : message[o - from];  // nan stays nan
    }
  }

  void run() {
    start();
    const int64_t parts = (places.count + PLACES - 1) / PLACES;
    for (int64_t step = 1; step < slices.count - (spares_last ? 1 : 0); ++step) {
#pragma omp for collapse(3)
      for (int64_t block = 0; block < blocks_of(channels); ++block)
        for (int64_t b = 0; b < batch; ++b)
          for (int64_t part = 0; part < parts; ++part) {
            const int64_t first = part * places.count / parts;
            hear(step, b, block, first, (part + 1) * places.count / parts - first);
          }
      std::swap(heard, told);
    }
  }
};

}  // namespace

// Four passes in place: down, up, right, left.  strides: out, in, tap of each of the weights.
extern "C" void pass_messages(float* map, int64_t batch, int64_t rows, int64_t columns,
                              int64_t channels, const float* const* weights, const int64_t* strides,
                              const float* const* biases, const int* spares_last, int threads) {
  const Axis down{rows, columns * channels}, right{columns, channels};
  const int64_t packed = blocks_of(channels) * BLOCK * (REACH * channels + 1);
  const int64_t copied = batch * (std::max(rows, columns) + 2 * MARGIN) * channels;
  std::vector<float> scratch(packed + 2 * copied);
#pragma omp parallel num_threads(threads)
  for (int i = 0; i < 4; ++i) {
    const int64_t* s = strides + 3 * i;
    Weights{weights[i], s[0], s[1], s[2], biases[i]}.pack(channels, scratch.data());
    Pass{map, batch, rows * columns * channels, i < 2 ? down : right, i < 2 ? right : down,
         channels, i % 2 == 1, spares_last[i] != 0, scratch.data(), scratch.data() + packed,
         scratch.data() + packed + copied}
        .run();
  }
}
