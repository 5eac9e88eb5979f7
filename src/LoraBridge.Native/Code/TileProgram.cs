using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace LoraBridge.Native.Code;

/// <summary>What a tile multiplies. There are programs for the first two.</summary>
internal enum TileElement
{
    /// <summary>Pairs of signed 16-bit integers (VPDPWSSD, or VPMADDWD and VPADDD).</summary>
    Int16,

    /// <summary>Fours of bytes, without sign on the left and with sign on the right (VPDPBUSD).</summary>
    Int8,

    /// <summary>Fours of bytes with sign (SDOT).</summary>
    SignedInt8,

    /// <summary>Numbers of 12 bits as halves, each in a plane of fours of bytes, with a plane for their sums (SDOT).</summary>
    SplitInt12,
}

/// <summary>The instruction that a program multiplies by.</summary>
internal enum TileInstruction
{
    /// <summary>Pairs of 16 bits, on 512 bits (AVX-512 VNNI).</summary>
    Vpdpwssd,

    /// <summary>Fours of bytes, on 512 bits (AVX-512 VNNI).</summary>
    Vpdpbusd,

    /// <summary>Pairs of 16 bits, on 256 bits (AVX2), with VPADDD. .NET has it, too, but places the loop as it comes: that costs up to an eighth of its speed.</summary>
    Vpmaddwd,
}

/// <summary>How a system passes arguments to functions.</summary>
internal enum CallingConvention
{
    /// <summary>Linux and macOS: the first argument is in rdi.</summary>
    SystemV,

    /// <summary>Windows: the first argument is in rcx, and xmm6 to xmm15 must be as they were.</summary>
    Windows,
}

/// <summary>The argument of a <see cref="TileProgram"/>; words are 32 bits of integers, two or four of them.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TileArguments
{
    /// <summary>Left factor: rows of words, <see cref="TileProgram.RowBytes"/> apart.</summary>
    public nint Left;

    /// <summary>Rows of words that are read next, laid out as <see cref="Left"/>: they are brought into the caches.</summary>
    public nint Next;

    /// <summary>Right factor: tiles of [words][32].</summary>
    public nint Right;

    /// <summary>What is added to, F32.</summary>
    public nint Sums;

    /// <summary>Where the sums go, which may be the same.</summary>
    public nint Target;

    /// <summary>By row, what an integer stands for.</summary>
    public nint RowScales;

    /// <summary>By column, what an integer stands for.</summary>
    public nint ColumnScales;

    /// <summary>By column, where the integer sums start: makes up for bytes without sign. Unused for 16 bits.</summary>
    public nint Starts;

    /// <summary>Bytes between rows of <see cref="Sums"/>.</summary>
    public nint SumsStride;

    /// <summary>Bytes between rows of <see cref="Target"/>.</summary>
    public nint TargetStride;

    /// <summary>Words of the inner dimension.</summary>
    public nint Words;

    /// <summary>Tiles side by side.</summary>
    public nint Tiles;

    /// <summary>Room for registers that must be as they were.</summary>
    public SavedRegisters Saved;
}

/// <summary>xmm6 to xmm15.</summary>
[InlineArray(Count)]
internal struct SavedRegisters
{
    /// <summary>The first of them.</summary>
    public const int First = 6;

    /// <summary>How many there are.</summary>
    public const int Count = 10;

    private Vector128<byte> _register;
}

/// <summary>
/// Writes the innermost loop of a product in integers: target[r, n] = sums[r, n] + s[r] t[n] Σ left[r, k] right[k, n] for some rows and any number of
/// tiles of 32 columns. Sums of integers stay in registers, two for each row, and become F32 when a tile is done; with registers of 256 bits, half a tile.
/// </summary>
internal sealed class TileProgram
{
    /// <summary>Columns of a tile.</summary>
    internal const int Columns = 32;

    /// <summary>Most rows: with two registers for the right factor and some for the left one, more do not fit.</summary>
    internal const int MostRows = 6;

    /// <summary>Integers of a row of the left factor.</summary>
    internal const int RowElements = 256;

    /// <summary>Instructions that multiply in a round of <see cref="AssembleInstructions"/>.</summary>
    internal const int InstructionsPerRound = 12;

    private const int Vectors = 2, Unrolled = 4, TileBytes = Columns * sizeof(int);

    private const Register Arguments = Register.Rcx, Left = Register.Rdx, Right = Register.R8, Sums = Register.R9, Scales = Register.R10, Tiles = Register.R11;

    private readonly X64Assembler _code = new();
    private readonly TileInstruction _instruction;
    private readonly bool _saves;
    private readonly VectorRegister[] _registers;

    private TileProgram(TileInstruction instruction, CallingConvention convention)
    {
        _instruction = instruction;
        // Of zmm registers there are enough that no convention has a function save.
        _registers = instruction == TileInstruction.Vpmaddwd
            ? [.. Enumerable.Range(0, 16).Select(VectorRegister.Ymm)]
            : [.. Enumerable.Range(0, 6).Concat(Enumerable.Range(16, 16)).Select(VectorRegister.Zmm)];
        _saves = convention == CallingConvention.Windows && instruction == TileInstruction.Vpmaddwd;
        if (convention == CallingConvention.SystemV)
            _code.Mov(Arguments, Register.Rdi);
        for (var i = 0; i < SavedRegisters.Count && _saves; i++)
            _code.Vmovups(Saved(i), VectorRegister.Xmm(SavedRegisters.First + i));
    }

    private int VectorBytes => _registers[0].Bytes;

    /// <summary>What the words that an instruction multiplies hold.</summary>
    internal static TileElement ElementOf(TileInstruction instruction) => instruction == TileInstruction.Vpdpbusd ? TileElement.Int8 : TileElement.Int16;

    /// <summary>Bytes between rows of the left factor.</summary>
    internal static int RowBytes(TileInstruction instruction) => RowElements * (ElementOf(instruction) == TileElement.Int8 ? sizeof(byte) : sizeof(short));

    /// <summary>A loop of nothing but the instruction that multiplies, on registers, to measure what it can do: <see cref="TileArguments.Words"/> rounds.</summary>
    internal static byte[] AssembleInstructions(TileInstruction instruction, CallingConvention convention)
    {
        var program = new TileProgram(instruction, convention);
        var (code, registers) = (program._code, program._registers);
        code.Mov(Register.Rax, Argument(nameof(TileArguments.Words)));
        foreach (var register in registers)
            code.Vpxor(register, register, register);
        var round = code.NewLabel();
        code.Place(round);
        for (var i = 0; i < InstructionsPerRound; i += Vectors)
            program.MultiplyAdd(registers.AsSpan(i, Vectors), [registers[^1], registers[^1]], registers[^2], registers[^3], registers[^4]);
        code.Sub(Register.Rax, 1);
        code.Jne(round);
        return program.Return();
    }

    /// <summary>A program for some rows.</summary>
    internal static byte[] Assemble(TileInstruction instruction, int rows, CallingConvention convention)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, MostRows);
        var program = new TileProgram(instruction, convention);
        program.Write(rows);
        return program.Return();
    }

    private static Memory Argument(string field) => new(Arguments, (int)Marshal.OffsetOf<TileArguments>(field));

    private static Memory Saved(int index) => new(Arguments, (int)Marshal.OffsetOf<TileArguments>(nameof(TileArguments.Saved)) + index * Vector128<byte>.Count);

    private void Write(int rows)
    {
        var sums = _registers.AsSpan(0, rows * Vectors);
        var right = _registers.AsSpan(sums.Length, Vectors);
        var spare = _registers.AsSpan(sums.Length + Vectors);
        _code.Mov(Sums, Argument(nameof(TileArguments.Sums)));
        _code.Mov(Scales, Argument(nameof(TileArguments.ColumnScales)));
        _code.Mov(Tiles, Argument(nameof(TileArguments.Tiles)));

        var tile = _code.NewLabel();
        _code.Place(tile);
        for (var part = 0; part < TileBytes; part += Vectors * VectorBytes)
        {
            _code.Mov(Right, Argument(nameof(TileArguments.Right)));
            Start(sums);
            MultiplyWords(rows, part, sums, right, spare);
            // No register is left for where a tile starts: the argument itself moves on.
            if (part + Vectors * VectorBytes == TileBytes)
                _code.Mov(Argument(nameof(TileArguments.Right)), Right);
            Finish(rows, part, sums, right, spare);
        }
        // A few lines with each tile: all at once, they would keep those of this one waiting.
        _code.Mov(Register.Rax, Argument(nameof(TileArguments.Next)));
        for (var row = 0; row < rows; row++)
            _code.Prefetcht0(new Memory(Register.Rax, row * RowBytes(_instruction)));
        _code.Add(Register.Rax, CacheHint.Line);
        _code.Mov(Argument(nameof(TileArguments.Next)), Register.Rax);
        _code.Mov(Register.Rax, Argument(nameof(TileArguments.Target)));
        _code.Add(Register.Rax, TileBytes);
        _code.Mov(Argument(nameof(TileArguments.Target)), Register.Rax);
        _code.Add(Sums, TileBytes);
        _code.Add(Scales, TileBytes);
        _code.Sub(Tiles, 1);
        _code.Jne(tile);
    }

    private byte[] Return()
    {
        _code.Vzeroupper();
        for (var i = 0; i < SavedRegisters.Count && _saves; i++)
            _code.Vmovups(VectorRegister.Xmm(SavedRegisters.First + i), Saved(i));
        _code.Ret();
        return _code.Assemble();
    }

    private void Start(ReadOnlySpan<VectorRegister> sums)
    {
        if (ElementOf(_instruction) == TileElement.Int16)
        {
            foreach (var sum in sums)
                _code.Vpxor(sum, sum, sum);
            return;
        }
        _code.Mov(Register.Rax, Argument(nameof(TileArguments.Starts)));
        for (var i = 0; i < sums.Length; i++)
            _code.Vmovups(sums[i], new Memory(Register.Rax, i % Vectors * VectorBytes));
        _code.Add(Register.Rax, TileBytes);
        _code.Mov(Argument(nameof(TileArguments.Starts)), Register.Rax);
    }

    private void MultiplyWords(
        int rows, int part, ReadOnlySpan<VectorRegister> sums, ReadOnlySpan<VectorRegister> right, ReadOnlySpan<VectorRegister> spare)
    {
        var (many, rest, one, done) = (_code.NewLabel(), _code.NewLabel(), _code.NewLabel(), _code.NewLabel());
        _code.Mov(Left, Argument(nameof(TileArguments.Left)));
        _code.Mov(Register.Rax, Argument(nameof(TileArguments.Words)));
        _code.Sub(Register.Rax, Unrolled);
        _code.Jl(rest);
        _code.Align();
        _code.Place(many);
        Multiply(Unrolled, rows, part, sums, right, spare);
        _code.Sub(Register.Rax, Unrolled);
        _code.Jge(many);
        _code.Place(rest);
        _code.Add(Register.Rax, Unrolled);
        _code.Je(done);
        _code.Place(one);
        Multiply(1, rows, part, sums, right, spare);
        _code.Sub(Register.Rax, 1);
        _code.Jne(one);
        _code.Place(done);
    }

    private void Multiply(
        int words, int rows, int part, ReadOnlySpan<VectorRegister> sums, ReadOnlySpan<VectorRegister> right, ReadOnlySpan<VectorRegister> spare)
    {
        for (var word = 0; word < words; word++)
        {
            for (var v = 0; v < Vectors; v++)
                _code.Vmovups(right[v], new Memory(Right, word * TileBytes + part + v * VectorBytes));
            for (var row = 0; row < rows; row++)
            {
                var at = 2 * (word * rows + row);
                var x = spare[at % spare.Length];
                _code.Vpbroadcastd(x, new Memory(Left, row * RowBytes(_instruction) + word * sizeof(int)));
                MultiplyAdd(sums.Slice(row * Vectors, Vectors), right, x, spare[(at + 1) % spare.Length], x);
            }
        }
        _code.Add(Left, words * sizeof(int));
        _code.Add(Right, words * TileBytes);
    }

    /// <summary>Adds the products of <paramref name="x"/> and two vectors, which may have to be somewhere in between.</summary>
    private void MultiplyAdd(
        ReadOnlySpan<VectorRegister> sums, ReadOnlySpan<VectorRegister> right, VectorRegister x, VectorRegister first, VectorRegister second)
    {
        switch (_instruction)
        {
            case TileInstruction.Vpdpwssd:
                _code.Vpdpwssd(sums[0], x, right[0]);
                _code.Vpdpwssd(sums[1], x, right[1]);
                break;
            case TileInstruction.Vpdpbusd:
                _code.Vpdpbusd(sums[0], x, right[0]);
                _code.Vpdpbusd(sums[1], x, right[1]);
                break;
            default:
                // Both products first: so each kind of instruction gets to the units that it alone can use.
                _code.Vpmaddwd(first, x, right[0]);
                _code.Vpmaddwd(second, x, right[1]);
                _code.Vpaddd(sums[0], sums[0], first);
                _code.Vpaddd(sums[1], sums[1], second);
                break;
        }
    }

    private void Finish(int rows, int part, ReadOnlySpan<VectorRegister> sums, ReadOnlySpan<VectorRegister> scales, ReadOnlySpan<VectorRegister> spare)
    {
        for (var v = 0; v < Vectors; v++)
            _code.Vmovups(scales[v], new Memory(Scales, part + v * VectorBytes));
        // The factors have been read.
        var (from, to) = (Left, Right);
        _code.Mov(from, Sums);
        _code.Mov(to, Argument(nameof(TileArguments.Target)));
        _code.Mov(Register.Rax, Argument(nameof(TileArguments.RowScales)));
        for (var row = 0; row < rows; row++)
        {
            var (first, second) = (spare[0], spare[1]);
            _code.Vpbroadcastd(second, new Memory(Register.Rax, row * sizeof(float)));
            _code.Vmulps(first, scales[0], second);
            _code.Vmulps(second, scales[1], second);
            for (var v = 0; v < Vectors; v++)
            {
                var (sum, at) = (sums[row * Vectors + v], part + v * VectorBytes);
                _code.Vcvtdq2ps(sum, sum);
                _code.Vfmadd213ps(sum, v == 0 ? first : second, new Memory(from, at));
                _code.Vmovups(new Memory(to, at), sum);
            }
            if (row == rows - 1)
                continue;
            _code.Add(from, Argument(nameof(TileArguments.SumsStride)));
            _code.Add(to, Argument(nameof(TileArguments.TargetStride)));
        }
    }
}
