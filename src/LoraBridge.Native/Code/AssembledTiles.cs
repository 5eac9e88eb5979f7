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

    /// <summary>sums[r, n] += rowScales[r] columnScales[n] (starts[n] + Σ left[r, k] right[k, n]).</summary>
    /// <param name="rows">1 to <see cref="TileProgram.MostRows"/>.</param>
    /// <param name="left">Rows of words, <see cref="TileProgram.RowBytes"/> apart.</param>
    /// <param name="right">Tiles of [words][32].</param>
    /// <param name="words">Words of the inner dimension, at least one.</param>
    /// <param name="rowScales">By row, what an integer stands for.</param>
    /// <param name="columnScales">By column, what an integer stands for.</param>
    /// <param name="starts">By column, where the integer sums start; not looked at for 16 bits.</param>
    /// <param name="sums">What is added to.</param>
    /// <param name="stride">Distance between rows of <paramref name="sums"/>, in elements.</param>
    /// <param name="tiles">Tiles side by side, at least one.</param>
    internal void Multiply(
        int rows, ReadOnlySpan<int> left, ReadOnlySpan<int> right, int words, ReadOnlySpan<float> rowScales, ReadOnlySpan<float> columnScales,
        ReadOnlySpan<int> starts, Span<float> sums, int stride, int tiles)
    {
        const int Columns = TileProgram.Columns;
        var rowWords = TileProgram.RowBytes(Instruction) / sizeof(int);
        ArgumentOutOfRangeException.ThrowIfLessThan(words, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(words, rowWords);
        ArgumentOutOfRangeException.ThrowIfLessThan(tiles, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(left.Length, (rows - 1) * rowWords + words);
        ArgumentOutOfRangeException.ThrowIfLessThan(right.Length, tiles * words * Columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(rowScales.Length, rows);
        ArgumentOutOfRangeException.ThrowIfLessThan(columnScales.Length, tiles * Columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(starts.Length, _element == TileElement.Int16 ? 0 : tiles * Columns);
        ArgumentOutOfRangeException.ThrowIfLessThan(sums.Length, (rows - 1) * stride + tiles * Columns);
        fixed (int* leftWords = left, rightWords = right, sumStarts = starts)
        fixed (float* rowFactors = rowScales, columnFactors = columnScales, target = sums)
        {
            var arguments = new TileArguments
            {
                Left = (nint)leftWords,
                Right = (nint)rightWords,
                Sums = (nint)target,
                RowScales = (nint)rowFactors,
                ColumnScales = (nint)columnFactors,
                Starts = (nint)sumStarts,
                SumsStride = stride * sizeof(float),
                Words = words,
                Tiles = tiles,
            };
            ((delegate* unmanaged<TileArguments*, void>)_programs[rows - 1].Address)(&arguments);
        }
    }

    public void Dispose()
    {
        foreach (var program in _programs)
            program.Dispose();
    }
}
