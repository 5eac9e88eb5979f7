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
                foreach (var (rows, words, count) in new[] { (1, 1, 1), (2, 3, 1), (3, 4, 2), (4, 9, 1), (5, 63, 3), (6, TileProgram.RowBytes(instruction) / sizeof(int), 3) })
                    cases.Add(instruction.ToString(), rows, words, count);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Interpreted_programs_equal_plain_loops_bit_for_bit_on_both_systems(string instruction, int rows, int words, int count)
    {
        foreach (var convention in Enum.GetValues<CallingConvention>())
            foreach (var (strips, tiles) in new[] { (count, 1), (1, count) })
            {
                var factors = new Factors(Enum.Parse<TileInstruction>(instruction), rows, rows * strips, words, tiles);
                var code = TileProgram.Assemble(factors.Instruction, rows, convention);
                var found = (float[])factors.Sums.Clone();
                using var arguments = new PinnedArguments(
                    factors.Left, factors.ScalesAt, factors.Right, factors.Starts, factors.ColumnScales, found, factors.Stride, words, rows, strips,
                    factors.StripStride, strips > 1 ? 0 : tiles);
                new Interpreter(code, convention == CallingConvention.Windows).Call(arguments.Address);
                Assert.Equal(factors.Expected(), found);
            }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Products_on_this_processor_equal_plain_loops_bit_for_bit(string instruction, int rows, int words, int tiles)
    {
        Assert.SkipUnless(AssembledTiles.Supports(Enum.Parse<TileInstruction>(instruction)), "This processor has no such instruction.");
        foreach (var whole in new[] { 0, 1, 3 })
        {
            var all = whole * TileProgram.MostRows + rows;
            var factors = new Factors(Enum.Parse<TileInstruction>(instruction), TileProgram.MostRows, all, words, tiles);
            using var programs = AssembledTiles.TryLoad(factors.Instruction);
            Assert.SkipWhen(programs is null, "This system lets no program make code.");
            var found = (float[])factors.Sums.Clone();
            programs.Multiply(
                all, factors.Left, factors.StripStride, factors.Right, words, factors.ColumnScales, factors.Starts, found, factors.Stride, tiles);
            Assert.Equal(factors.Expected(), found);
        }
    }

    /// <summary>The loop that only measures ends after its rounds, multiplies as often as it says, and keeps what a function must keep.</summary>
    [Fact]
    public void The_loop_of_instructions_ends()
    {
        foreach (var instruction in Enum.GetValues<TileInstruction>())
            foreach (var convention in Enum.GetValues<CallingConvention>())
            {
                using var arguments = new PinnedArguments([], 0, [], [], [], [], stride: 0, words: 3);
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

    /// <summary>Random factors: rows in strips, behind each of which the scales of its rows are, and tiles.</summary>
    private sealed class Factors
    {
        private readonly int _stripRows, _rows, _words, _tiles;

        public Factors(TileInstruction instruction, int stripRows, int rows, int words, int tiles)
        {
            (Instruction, _stripRows, _rows, _words, _tiles) = (instruction, stripRows, rows, words, tiles);
            var random = new Random(rows * 1000 + words);
            var strips = (rows + stripRows - 1) / stripRows;
            Left = Integers(strips * StripStride);
            for (var row = 0; row < strips * stripRows; row++)
                Left[ScaleOf(row)] = BitConverter.SingleToInt32Bits(random.NextSingle() - 0.5f);
            Right = Integers(words * Width);
            Starts = [.. Enumerable.Range(0, Width).Select(_ => random.Next(-1000, 1000))];
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
        public float[] ColumnScales { get; }
        public float[] Sums { get; }
        public int Stride => Width + 5;
        public int StripStride => ScalesAt + 9;
        public int ScalesAt => TileProgram.MostRows * RowWords;
        private int RowWords => TileProgram.RowBytes(Instruction) / sizeof(int);
        private bool IsBytes => Instruction == TileInstruction.Vpdpbusd;
        private int Width => _tiles * TileProgram.Columns;

        public float[] Expected()
        {
            var expected = (float[])Sums.Clone();
            for (var row = 0; row < _rows; row++)
                for (var n = 0; n < Width; n++)
                {
                    var sum = IsBytes ? Starts[n] : 0;
                    for (var k = 0; k < _words; k++)
                        sum += Dot(Left[row / _stripRows * StripStride + row % _stripRows * RowWords + k], Right[(n / 32 * _words + k) * 32 + n % 32]);
                    ref var target = ref expected[row * Stride + n];
                    target = MathF.FusedMultiplyAdd(sum, ColumnScales[n] * BitConverter.Int32BitsToSingle(Left[ScaleOf(row)]), target);
                }
            return expected;
        }

        private int ScaleOf(int row) => row / _stripRows * StripStride + ScalesAt + row % _stripRows;

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
