using LoraBridge.Native.Code;
using CallingConvention = LoraBridge.Native.Code.CallingConvention;

namespace LoraBridge.Native.Tests.Code;

/// <summary>The tile's program against three plain loops: by an interpreter everywhere, and by the processor where it has the instructions.</summary>
public sealed class TileProgramTests
{
    public static TheoryData<string, int, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int, int, int>();
            foreach (var instruction in Enum.GetValues<TileInstruction>())
                foreach (var (rows, words, tiles) in new[] { (1, 1, 1), (2, 3, 1), (3, 4, 2), (4, 9, 1), (5, 63, 1), (6, TileProgram.RowBytes(instruction) / sizeof(int), 3) })
                    cases.Add(instruction.ToString(), rows, words, tiles);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Interpreted_tiles_equal_plain_loops_bit_for_bit_on_both_systems(string instruction, int rows, int words, int tiles)
    {
        foreach (var convention in Enum.GetValues<CallingConvention>())
        {
            var factors = new Factors(Enum.Parse<TileInstruction>(instruction), rows, words, tiles);
            var code = TileProgram.Assemble(factors.Instruction, rows, convention);
            var (sums, found) = ((float[])factors.Sums.Clone(), factors.EmptyTarget());
            using var arguments = new PinnedArguments(
                factors.Left, factors.Right, factors.Starts, factors.RowScales, factors.ColumnScales, sums, factors.Stride, found, factors.TargetStride, words, tiles);
            var interpreter = new Interpreter(code, convention == CallingConvention.Windows);
            interpreter.Call(arguments.Address);
            Assert.Equal(factors.Expected(), found);
            Assert.Equal(factors.Sums, sums);
            Assert.Equal(
                from tile in Enumerable.Range(0, tiles)
                from row in Enumerable.Range(0, rows)
                select PinnedArguments.Next + row * TileProgram.RowBytes(factors.Instruction) + tile * 64,
                interpreter.Prefetched);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Tiles_on_this_processor_equal_plain_loops_bit_for_bit(string instruction, int rows, int words, int tiles)
    {
        Assert.SkipUnless(AssembledTiles.Supports(Enum.Parse<TileInstruction>(instruction)), "This processor has no such instruction.");
        using var programs = AssembledTiles.TryLoad(Enum.Parse<TileInstruction>(instruction));
        Assert.SkipWhen(programs is null, "This system lets no program make code.");
        foreach (var more in new[] { 0, TileProgram.MostRows, 2 * TileProgram.MostRows })
        {
            var factors = new Factors(programs.Instruction, rows + more, words, tiles);
            var (sums, found) = ((float[])factors.Sums.Clone(), factors.EmptyTarget());
            programs.Multiply(
                factors.Strips(stride: 1700), 1700, rows + more, factors.Right, words, factors.ColumnScales, factors.Starts, sums, factors.Stride, found,
                factors.TargetStride, tiles);
            Assert.Equal(factors.Expected(), found);
            Assert.Equal(factors.Sums, sums);
            programs.Multiply(
                factors.Strips(stride: 1600), 1600, rows + more, factors.Right, words, factors.ColumnScales, factors.Starts, sums, factors.Stride, sums,
                factors.Stride, tiles);
            Assert.Equal(factors.Rows(factors.Expected(), factors.TargetStride), factors.Rows(sums, factors.Stride));
        }
    }

    /// <summary>What is too short for what is to be computed is refused before any code runs.</summary>
    [Fact]
    public void Spans_that_are_too_short_are_refused()
    {
        using var programs = Enum.GetValues<TileInstruction>().Select(AssembledTiles.TryLoad).FirstOrDefault(loaded => loaded is not null);
        Assert.SkipWhen(programs is null, "This processor has no such instruction, or this system lets no program make code.");
        const int Rows = 8, Words = 3, Tiles = 2, Width = 64, Stride = 1600;
        var factors = new Factors(programs.Instruction, Rows, Words, Tiles);
        var strips = factors.Strips(Stride);
        Multiply(strips.Length, Words * Width, Width, Width, 7 * Width + Width, 7 * Width + Width);
        foreach (var shorter in Enumerable.Range(0, 6).Where(index => index != 3 || programs.Instruction == TileInstruction.Vpdpbusd))
        {
            int[] lengths = [strips.Length, Words * Width, Width, Width, 8 * Width, 8 * Width];
            lengths[shorter]--;
            Assert.Throws<ArgumentOutOfRangeException>(() => Multiply(lengths[0], lengths[1], lengths[2], lengths[3], lengths[4], lengths[5]));
        }

        void Multiply(int left, int right, int scales, int starts, int sums, int target) => programs.Multiply(
            strips.AsSpan(0, left), Stride, Rows, factors.Right.AsSpan(0, right), Words, factors.ColumnScales.AsSpan(0, scales), factors.Starts.AsSpan(0, starts),
            new float[sums], Width, new float[target], Width, Tiles);
    }

    /// <summary>The loop that only measures ends after its rounds, multiplies as often as it says, and keeps what a function must keep.</summary>
    [Fact]
    public void The_loop_of_instructions_ends()
    {
        foreach (var instruction in Enum.GetValues<TileInstruction>())
            foreach (var convention in Enum.GetValues<CallingConvention>())
            {
                using var arguments = new PinnedArguments([], [], [], [], [], [], stride: 0, [], targetStride: 0, words: 3, tiles: 0);
                var interpreter = new Interpreter(TileProgram.AssembleInstructions(instruction, convention), convention == CallingConvention.Windows);
                interpreter.Call(arguments.Address);
                Assert.Equal(3 * TileProgram.InstructionsPerRound, interpreter.Products);
            }
    }

    [Fact]
    public void Only_numbers_of_rows_that_fit_the_registers_are_assembled()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => TileProgram.Assemble(TileInstruction.Vpdpwssd, 0, CallingConvention.Windows));
        Assert.Throws<ArgumentOutOfRangeException>(() => TileProgram.Assemble(TileInstruction.Vpmaddwd, 7, CallingConvention.Windows));
    }

    private sealed class Factors
    {
        private readonly int _rows, _words, _tiles;

        public Factors(TileInstruction instruction, int rows, int words, int tiles)
        {
            (Instruction, _rows, _words, _tiles) = (instruction, rows, words, tiles);
            var random = new Random(rows * 1000 + words);
            Left = Integers(RowWords * rows);
            Right = Integers(words * Width);
            Starts = [.. Enumerable.Range(0, Width).Select(_ => random.Next(-1000, 1000))];
            RowScales = [.. Enumerable.Range(0, rows).Select(_ => random.NextSingle() - 0.5f)];
            ColumnScales = [.. Enumerable.Range(0, Width).Select(_ => random.NextSingle() - 0.5f)];
            Sums = [.. Enumerable.Range(0, rows * Stride).Select(_ => random.NextSingle() - 0.5f)];

            // Pairs of 12 bits, or fours of 8; those of the largest size are among them.
            int[] Integers(int count) =>
            [
                .. Enumerable.Range(0, count).Select(i => IsBytes ? random.Next(int.MinValue, int.MaxValue)
                    : (i % 7 == 0 ? -2895 : random.Next(-2895, 2896)) & 0xFFFF | random.Next(-2895, 2896) << 16),
            ];
        }

        public TileInstruction Instruction { get; }
        public int[] Left { get; }
        public int[] Right { get; }
        public int[] Starts { get; }
        public float[] RowScales { get; }
        public float[] ColumnScales { get; }
        public float[] Sums { get; }
        public int Stride => Width + 5;
        public int TargetStride => Width + 11;
        private int RowWords => TileProgram.RowBytes(Instruction) / sizeof(int);
        private bool IsBytes => Instruction == TileInstruction.Vpdpbusd;
        private int Width => _tiles * TileProgram.Columns;

        /// <summary>Numbers that must stay where nothing is written.</summary>
        public float[] EmptyTarget() => [.. Enumerable.Range(0, _rows * TargetStride).Select(i => i + 0.25f)];

        /// <summary>The left factor in strips, with its scales.</summary>
        public int[] Strips(int stride)
        {
            const int StripRows = TileProgram.MostRows;
            var strips = new int[(_rows - 1) / StripRows * stride + StripRows * RowWords + StripRows];
            for (var row = 0; row < _rows; row++)
            {
                var strip = strips.AsSpan(row / StripRows * stride);
                Left.AsSpan(row * RowWords, RowWords).CopyTo(strip[(row % StripRows * RowWords)..]);
                strip[StripRows * RowWords + row % StripRows] = BitConverter.SingleToInt32Bits(RowScales[row]);
            }
            return strips;
        }

        /// <summary>What rows hold before what lies between them.</summary>
        public float[] Rows(float[] values, int stride) => [.. Enumerable.Range(0, _rows).SelectMany(row => values.AsSpan(row * stride, Width).ToArray())];

        public float[] Expected()
        {
            var expected = EmptyTarget();
            for (var r = 0; r < _rows; r++)
                for (var n = 0; n < Width; n++)
                {
                    var sum = IsBytes ? Starts[n] : 0;
                    for (var k = 0; k < _words; k++)
                        sum += Dot(Left[r * RowWords + k], Right[(n / 32 * _words + k) * 32 + n % 32]);
                    expected[r * TargetStride + n] = MathF.FusedMultiplyAdd(sum, ColumnScales[n] * RowScales[r], Sums[r * Stride + n]);
                }
            return expected;
        }

        private int Dot(int x, int y)
        {
            if (!IsBytes)
                return (short)x * (short)y + (x >> 16) * (y >> 16);
            var sum = 0;
            for (var shift = 0; shift < 32; shift += 8)
                sum += (byte)(x >> shift) * (sbyte)(y >> shift);
            return sum;
        }
    }
}
