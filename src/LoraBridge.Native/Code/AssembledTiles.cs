using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Native.Code;

/// <summary>The programs of <see cref="TileProgram"/> in memory, one for each number of rows.</summary>
internal sealed unsafe class AssembledTiles : IDisposable
{
    private const int ExtendedFeatures = 7, Vnni512 = 1 << 11;

    private readonly ExecutableMemory[] _programs;

    private AssembledTiles(TileInstruction instruction, ExecutableMemory[] programs) =>
        (Instruction, _programs) = (instruction, programs);

    /// <summary>What multiplies.</summary>
    internal TileInstruction Instruction { get; }

    /// <summary>
    /// Whether a tile is multiplied by all rows before the next one. Instructions of 512 bits need more of a tile than the second-level cache gives while
    /// they compute; those of 256 do not, and take the rows of sums as they lie.
    /// </summary>
    private bool KeepsTile => Instruction != TileInstruction.Vpmaddwd;

    private static CallingConvention Convention => OperatingSystem.IsWindows() ? CallingConvention.Windows : CallingConvention.SystemV;

    /// <summary>Whether this processor has the instruction and those around it, and the system saves the registers they use.</summary>
    internal static bool Supports(TileInstruction instruction) => instruction == TileInstruction.Vpmaddwd
        ? Avx2.X64.IsSupported && Fma.IsSupported
        : Avx512BW.X64.IsSupported && (X86Base.CpuId(ExtendedFeatures, 0).Ecx & Vnni512) != 0;

    /// <summary>Runs the instruction that multiplies on registers alone.</summary>
    /// <param name="instruction">The instruction.</param>
    /// <param name="rounds">Rounds of <see cref="TileProgram.InstructionsPerRound"/> instructions, at least one.</param>
    internal static void RunInstructions(TileInstruction instruction, int rounds)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rounds, 1);
        using var program = Supports(instruction) ? ExecutableMemory.TryLoad(TileProgram.AssembleInstructions(instruction, Convention)) : null;
        if (program is null)
            throw new NotSupportedException($"This processor has no {instruction}, or this system lets no program make code.");
        var arguments = new TileArguments { Words = rounds };
        ((delegate* unmanaged<TileArguments*, void>)program.Address)(&arguments);
    }

    /// <summary>Assembles and loads the programs for this system.</summary>
    /// <returns>Null where the processor lacks the instructions, or the system lets no program make code.</returns>
    internal static AssembledTiles? TryLoad(TileInstruction instruction)
    {
        if (!Supports(instruction))
            return null;
        var programs = new List<ExecutableMemory>();
        for (var rows = 1; rows <= TileProgram.MostRows; rows++)
        {
            if (ExecutableMemory.TryLoad(TileProgram.Assemble(instruction, rows, Convention)) is not { } program)
            {
                programs.ForEach(loaded => loaded.Dispose());
                return null;
            }
            programs.Add(program);
        }
        return new AssembledTiles(instruction, [.. programs]);
    }

    /// <summary>sums[r, n] += s[r] t[n] (starts[n] + Σ left[r, k] right[k, n]).</summary>
    /// <param name="rows">Rows of the left factor.</param>
    /// <param name="left">
    /// Strips of <see cref="TileProgram.MostRows"/> rows of words, <see cref="TileProgram.RowBytes"/> apart, and behind them s of each, F32: what an integer
    /// stands for.
    /// </param>
    /// <param name="leftStride">Distance between strips, in words.</param>
    /// <param name="right">Tiles of [words][32].</param>
    /// <param name="words">Words of the inner dimension, at least one.</param>
    /// <param name="columnScales">t.</param>
    /// <param name="starts">By column, where the integer sums start; not looked at for 16 bits.</param>
    /// <param name="sums">What is added to.</param>
    /// <param name="stride">Distance between rows of <paramref name="sums"/>, in elements.</param>
    /// <param name="tiles">Tiles side by side, at least one.</param>
    internal void Multiply(
        int rows, ReadOnlySpan<int> left, int leftStride, ReadOnlySpan<int> right, int words, ReadOnlySpan<float> columnScales, ReadOnlySpan<int> starts,
        Span<float> sums, int stride, int tiles)
    {
        const int Columns = TileProgram.Columns, MostRows = TileProgram.MostRows, TileBytes = Columns * sizeof(float);
        var rowWords = TileProgram.RowBytes(Instruction) / sizeof(int);
        var (whole, rest) = Math.DivRem(rows, MostRows);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(words, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(words, rowWords);
        ArgumentOutOfRangeException.ThrowIfLessThan(tiles, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(leftStride);
        ArgumentOutOfRangeException.ThrowIfLessThan(left.Length, checked((rows - 1) / MostRows * leftStride + MostRows * rowWords + (rows - 1) % MostRows + 1));
        ArgumentOutOfRangeException.ThrowIfLessThan(right.Length, checked(tiles * words * Columns));
        ArgumentOutOfRangeException.ThrowIfLessThan(columnScales.Length, tiles * Columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(starts.Length, TileProgram.ElementOf(Instruction) == TileElement.Int16 ? 0 : tiles * Columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(stride, tiles * Columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(sums.Length, checked((rows - 1) * stride + tiles * Columns));
        fixed (int* leftWords = left, rightWords = right, sumStarts = starts)
        fixed (float* columnFactors = columnScales, target = sums)
        {
            var first = new TileArguments
            {
                Left = (nint)leftWords,
                Right = (nint)rightWords,
                Sums = (nint)target,
                RowScales = (nint)(leftWords + MostRows * rowWords),
                ColumnScales = (nint)columnFactors,
                Starts = (nint)sumStarts,
                SumsStride = stride * sizeof(float),
                Words = words,
            };
            var below = new Step(leftStride * sizeof(int), 0, 0, MostRows * stride * sizeof(float));
            var aside = new Step(0, words * TileBytes, TileBytes, TileBytes);
            if (KeepsTile)
                for (var tile = 0; tile < tiles; tile++)
                {
                    var top = aside.Move(first, tile);
                    if (whole > 0)
                        Run(MostRows, top, below, whole);
                    if (rest > 0)
                        Run(rest, below.Move(top, whole), below, 1);
                }
            else
                for (var row = 0; row < rows; row += MostRows)
                    Run(Math.Min(MostRows, rows - row), below.Move(first, row / MostRows), aside, tiles);
        }
    }

    private void Run(int rows, TileArguments arguments, Step step, int count)
    {
        (arguments.LeftStep, arguments.RightStep, arguments.ColumnStep, arguments.SumsStep, arguments.Count) = (step.Left, step.Right, step.Column, step.Sums, count);
        ((delegate* unmanaged<TileArguments*, void>)_programs[rows - 1].Address)(&arguments);
    }

    public void Dispose()
    {
        foreach (var program in _programs)
            program.Dispose();
    }

    /// <summary>How far, in bytes, the next product is.</summary>
    private readonly record struct Step(nint Left, nint Right, nint Column, nint Sums)
    {
        /// <summary>The arguments so many products on.</summary>
        public TileArguments Move(TileArguments arguments, int times)
        {
            arguments.Left += times * Left;
            arguments.RowScales += times * Left;
            arguments.Right += times * Right;
            arguments.ColumnScales += times * Column;
            arguments.Starts += times * Column;
            arguments.Sums += times * Sums;
            return arguments;
        }
    }
}
