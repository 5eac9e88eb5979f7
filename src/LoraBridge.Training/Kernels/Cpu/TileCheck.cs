using LoraBridge.Native.Code;

namespace LoraBridge.Training.Kernels.Cpu;

/// <summary>Whether a tile computes what it should: asked of code that is made at run time, or for processors seldom seen, once before it is first used.</summary>
internal static class TileCheck
{
    private const int Strips = 2, Columns = 2 * ProductTile.Columns;

    /// <summary>Whether <paramref name="tile"/> gives the bits of plain loops, for whole and broken strips and some lengths of the inner dimension.</summary>
    public static bool Agrees(IntegerTile tile)
    {
        foreach (var height in new[] { 1, 2, 14, 28, ProductTile.Depth })
        {
            var factors = new Factors(tile.Element, height);
            var expected = factors.Multiply();
            foreach (var rows in Enumerable.Range(1, ProductTile.Rows * Strips))
                if (!factors.Multiply(tile, rows).SequenceEqual(expected.AsSpan(0, rows * ProductTile.GroupColumns)))
                    return false;
        }
        return true;
    }

    /// <summary>Random integers, as they are and packed.</summary>
    private sealed class Factors
    {
        private readonly int _height, _rowWords, _stripStride;
        private readonly int[] _a, _b, _strips, _words, _starts;
        private readonly float[] _rowScales, _scales;

        public Factors(TileElement element, int height)
        {
            const int Rows = ProductTile.Rows;
            var random = new SeededRandom((ulong)height);
            var (smallest, largest) = element is TileElement.Int8 or TileElement.SignedInt8
                ? (sbyte.MinValue, sbyte.MaxValue)
                : (-IntegerFormat.Largest12, IntegerFormat.Largest12);
            _height = height;
            _rowWords = WordLayout.Words(element, ProductTile.Depth);
            _stripStride = Rows * _rowWords + 16;
            (_a, _b) = (new int[Strips * Rows * height], new int[Columns * height]);
            foreach (ref var number in _a.AsSpan())
                number = smallest + random.Next(largest - smallest + 1);
            foreach (ref var number in _b.AsSpan())
                number = smallest + random.Next(largest - smallest + 1);
            (_rowScales, _scales) = (new float[Strips * Rows], new float[Columns]);
            foreach (ref var scale in _rowScales.AsSpan())
                scale = random.Next(1000) / 997f;
            foreach (ref var scale in _scales.AsSpan())
                scale = random.Next(1000) / 999f;

            _strips = new int[Strips * _stripStride];
            for (var row = 0; row < Strips * Rows; row++)
            {
                var strip = _strips.AsSpan(row / Rows * _stripStride, _stripStride);
                WordLayout.PackRow(element, Pairs(_a.AsSpan(row * height, height)), strip.Slice(row % Rows * _rowWords, WordLayout.Words(element, height)));
                strip[Rows * _rowWords + row % Rows] = BitConverter.SingleToInt32Bits(_rowScales[row]);
            }
            var pairs = (height + 1) / 2;
            var packed = new int[pairs * Columns];
            for (var n = 0; n < Columns; n++)
                for (var (k, column) = (0, Pairs(_b.AsSpan(n * height, height))); k < pairs; k++)
                    packed[n / ProductTile.Columns * pairs * ProductTile.Columns + k * ProductTile.Columns + n % ProductTile.Columns] = column[k];
            (_words, _starts) = (new int[WordLayout.Words(element, height) * Columns], new int[Columns]);
            WordLayout.PackPanel(element, packed, height, Columns, new Panel(_words, _scales, _starts));
        }

        /// <summary>The products of some rows; rows that a strip lacks may be computed, too.</summary>
        public ReadOnlySpan<float> Multiply(IntegerTile tile, int rows)
        {
            var sums = Start();
            tile.Multiply(
                _strips, _stripStride, _rowWords, rows, new Panel(_words, _scales, _starts), WordLayout.Words(tile.Element, _height),
                Columns / ProductTile.Columns, sums);
            return sums.AsSpan(0, rows * ProductTile.GroupColumns);
        }

        /// <summary>The products of all rows by plain loops.</summary>
        public float[] Multiply()
        {
            var sums = Start();
            for (var row = 0; row < Strips * ProductTile.Rows; row++)
                for (var n = 0; n < Columns; n++)
                {
                    var sum = 0;
                    for (var k = 0; k < _height; k++)
                        sum += _a[row * _height + k] * _b[n * _height + k];
                    ref var target = ref sums[row * ProductTile.GroupColumns + n];
                    target = MathF.FusedMultiplyAdd(sum, _scales[n] * _rowScales[row], target);
                }
            return sums;
        }

        private static float[] Start() =>
            [.. Enumerable.Range(0, Strips * ProductTile.Rows * ProductTile.GroupColumns).Select(index => index % 13)];

        private static int[] Pairs(ReadOnlySpan<int> numbers)
        {
            var pairs = new int[ProductTile.Depth / 2];
            for (var k = 0; k < numbers.Length; k++)
                pairs[k / 2] |= k % 2 == 0 ? numbers[k] & 0xFFFF : numbers[k] << 16;
            return pairs;
        }
    }
}
