using System.Runtime.Intrinsics.X86;

namespace LoraBridge.Native.Code;

/// <summary>The programs of <see cref="TileProgram"/> in memory, one for each number of rows.</summary>
internal sealed unsafe class AssembledTiles : IDisposable
{
    private const int ExtendedFeatures = 7, Vnni512 = 1 << 11;

    private readonly TileElement _element;
    private readonly ExecutableMemory[] _programs;

    private AssembledTiles(TileInstruction instruction, ExecutableMemory[] programs) =>
        (Instruction, _element, _programs) = (instruction, TileProgram.ElementOf(instruction), programs);

    /// <summary>What multiplies.</summary>
    internal TileInstruction Instruction { get; }

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

    /// <summary>target[r, n] = sums[r, n] + rowScales[r] columnScales[n] (starts[n] + Σ left[r, k] right[k, n]).</summary>
    /// <param name="strips">
    /// Left: strips of <see cref="TileProgram.MostRows"/> rows of words, <see cref="TileProgram.RowBytes"/> apart, and behind them their scales.
    /// </param>
    /// <param name="stripStride">Distance between strips, in words.</param>
    /// <param name="rows">Rows, in as many strips as they take, at least one.</param>
    /// <param name="right">Tiles of [words][32].</param>
    /// <param name="words">Words of the inner dimension, at least one.</param>
    /// <param name="columnScales">By column, what an integer stands for.</param>
    /// <param name="starts">By column, where the integer sums start; not looked at for 16 bits.</param>
    /// <param name="sums">What is added to.</param>
    /// <param name="sumsStride">Distance between rows of <paramref name="sums"/>, in elements.</param>
    /// <param name="target">Where sums go; it may be <paramref name="sums"/>.</param>
    /// <param name="targetStride">Distance between rows of <paramref name="target"/>, in elements.</param>
    /// <param name="tiles">Tiles side by side, at least one.</param>
    internal void Multiply(
        ReadOnlySpan<int> strips, int stripStride, int rows, ReadOnlySpan<int> right, int words, ReadOnlySpan<float> columnScales, ReadOnlySpan<int> starts,
        ReadOnlySpan<float> sums, int sumsStride, Span<float> target, int targetStride, int tiles)
    {
        const int Columns = TileProgram.Columns, StripRows = TileProgram.MostRows;
        var stripWords = StripRows * TileProgram.RowBytes(Instruction) / sizeof(int);
        var width = checked(tiles * Columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(words, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(words, stripWords / StripRows);
        ArgumentOutOfRangeException.ThrowIfLessThan(tiles, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(stripStride);
        ArgumentOutOfRangeException.ThrowIfNegative(sumsStride);
        ArgumentOutOfRangeException.ThrowIfNegative(targetStride);
        ArgumentOutOfRangeException.ThrowIfLessThan(strips.Length, (long)(rows - 1) / StripRows * stripStride + stripWords + StripRows);
        ArgumentOutOfRangeException.ThrowIfLessThan(right.Length, (long)words * width);
        ArgumentOutOfRangeException.ThrowIfLessThan(columnScales.Length, width);
        ArgumentOutOfRangeException.ThrowIfLessThan(starts.Length, _element == TileElement.Int16 ? 0 : width);
        ArgumentOutOfRangeException.ThrowIfLessThan(sums.Length, (rows - 1L) * sumsStride + width);
        ArgumentOutOfRangeException.ThrowIfLessThan(target.Length, (rows - 1L) * targetStride + width);
        fixed (int* left = strips, rightWords = right, sumStarts = starts)
        fixed (float* columnFactors = columnScales, from = sums, to = target)
            for (var row = 0; row < rows; row += StripRows)
            {
                var strip = left + (long)row / StripRows * stripStride;
                var arguments = new TileArguments
                {
                    Left = (nint)strip,
                    Next = (nint)(row + StripRows < rows ? strip + stripStride : strip),
                    Right = (nint)rightWords,
                    Sums = (nint)(from + (long)row * sumsStride),
                    Target = (nint)(to + (long)row * targetStride),
                    RowScales = (nint)(strip + stripWords),
                    ColumnScales = (nint)columnFactors,
                    Starts = (nint)sumStarts,
                    SumsStride = (nint)sumsStride * sizeof(float),
                    TargetStride = (nint)targetStride * sizeof(float),
                    Words = words,
                    Tiles = tiles,
                };
                ((delegate* unmanaged<TileArguments*, void>)_programs[Math.Min(StripRows, rows - row) - 1].Address)(&arguments);
            }
    }

    public void Dispose()
    {
        foreach (var program in _programs)
            program.Dispose();
    }
}
