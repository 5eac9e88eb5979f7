using System.Runtime.InteropServices;

namespace LoraBridge.Native.Code;

/// <summary>What a tile multiplies. There are programs for the first two.</summary>
internal enum TileElement
{
    /// <summary>Pairs of signed 16-bit integers (VPDPWSSD).</summary>
    Int16,

    /// <summary>Fours of bytes, without sign on the left and with sign on the right (VPDPBUSD).</summary>
    Int8,

    /// <summary>Fours of bytes with sign (SDOT).</summary>
    SignedInt8,

    /// <summary>Numbers of 12 bits as halves, each in a plane of fours of bytes, with a plane for their sums (SDOT).</summary>
    SplitInt12,
}

/// <summary>How a system passes arguments to functions.</summary>
internal enum CallingConvention
{
    /// <summary>Linux and macOS: the first argument is in rdi.</summary>
    SystemV,

    /// <summary>Windows: the first argument is in rcx, and zmm6 to zmm15 must be as they were.</summary>
    Windows,
}

/// <summary>The argument of a <see cref="TileProgram"/>; words are 32 bits of integers, two or four of them.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TileArguments
{
    /// <summary>Left factor: rows of words, <see cref="TileProgram.RowBytes"/> apart.</summary>
    public nint Left;

    /// <summary>Right factor: tiles of [words][32].</summary>
    public nint Right;

    /// <summary>What is added to, F32.</summary>
    public nint Sums;

    /// <summary>By row, what an integer stands for.</summary>
    public nint RowScales;

    /// <summary>By column, what an integer stands for.</summary>
    public nint ColumnScales;

    /// <summary>By column, where the integer sums start: makes up for bytes without sign. Unused for 16 bits.</summary>
    public nint Starts;

    /// <summary>Bytes between rows of <see cref="Sums"/>.</summary>
    public nint SumsStride;

    /// <summary>Words of the inner dimension.</summary>
    public nint Words;

    /// <summary>Tiles side by side.</summary>
    public nint Tiles;
}

/// <summary>
/// Writes the innermost loop of a product in integers for processors with AVX-512 VNNI: sums[r, n] += s[r] t[n] Σ left[r, k] right[k, n] for some rows and
/// any number of tiles of 32 columns. Sums of integers stay in registers, two for each row, and become F32 when a tile is done.
/// </summary>
internal static class TileProgram
{
    /// <summary>Columns of a tile: two registers.</summary>
    internal const int Columns = 32;

    /// <summary>Most rows: with two registers for the right factor and some for the left one, more do not fit.</summary>
    internal const int MostRows = 6;

    /// <summary>Bytes between rows of the left factor.</summary>
    internal const int RowBytes = 512;

    private const int Vector = 64, Vectors = 2, Unrolled = 4;

    /// <summary>The registers that no calling convention has a function save.</summary>
    private static readonly Zmm[] Free = [.. Enumerable.Range(0, 6).Concat(Enumerable.Range(16, 16)).Select(number => new Zmm(number))];

    /// <summary>Instructions of a round of <see cref="AssembleInstructions"/>.</summary>
    internal const int InstructionsPerRound = 12;

    /// <summary>A loop of nothing but the instruction that multiplies, on registers, to measure what it can do: <see cref="TileArguments.Words"/> rounds.</summary>
    internal static byte[] AssembleInstructions(TileElement element, CallingConvention convention)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((int)element, (int)TileElement.Int8, nameof(element));
        var code = new X64Assembler();
        if (convention == CallingConvention.SystemV)
            code.Mov(Register.Rcx, Register.Rdi);
        code.Mov(Register.Rax, new Memory(Register.Rcx, (int)Marshal.OffsetOf<TileArguments>(nameof(TileArguments.Words))));
        foreach (var register in Free)
            code.Vpxord(register, register, register);
        var round = code.NewLabel();
        code.Place(round);
        for (var i = 0; i < InstructionsPerRound; i++)
            if (element == TileElement.Int16)
                code.Vpdpwssd(Free[i], Free[InstructionsPerRound], Free[InstructionsPerRound + 1]);
            else
                code.Vpdpbusd(Free[i], Free[InstructionsPerRound], Free[InstructionsPerRound + 1]);
        code.Sub(Register.Rax, 1);
        code.Jne(round);
        code.Vzeroupper();
        code.Ret();
        return code.Assemble();
    }

    internal static byte[] Assemble(TileElement element, int rows, CallingConvention convention)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((int)element, (int)TileElement.Int8, nameof(element));
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, MostRows);
        const Register Arguments = Register.Rcx, Left = Register.Rdx, Right = Register.R8, Sums = Register.R9, Columns = Register.R10, Tiles = Register.R11;
        var code = new X64Assembler();
        var (tile, many, rest, one, done) = (code.NewLabel(), code.NewLabel(), code.NewLabel(), code.NewLabel(), code.NewLabel());
        var sums = Free[..(rows * Vectors)];
        var right = Free[(rows * Vectors)..(rows * Vectors + Vectors)];
        var spare = Free[(rows * Vectors + Vectors)..];

        if (convention == CallingConvention.SystemV)
            code.Mov(Arguments, Register.Rdi);
        code.Mov(Right, Argument(nameof(TileArguments.Right)));
        code.Mov(Sums, Argument(nameof(TileArguments.Sums)));
        code.Mov(Columns, Argument(nameof(TileArguments.ColumnScales)));
        code.Mov(Tiles, Argument(nameof(TileArguments.Tiles)));

        code.Place(tile);
        Start();
        code.Mov(Left, Argument(nameof(TileArguments.Left)));
        code.Mov(Register.Rax, Argument(nameof(TileArguments.Words)));
        code.Sub(Register.Rax, Unrolled);
        code.Jl(rest);
        code.Place(many);
        Multiply(Unrolled);
        code.Sub(Register.Rax, Unrolled);
        code.Jge(many);
        code.Place(rest);
        code.Add(Register.Rax, Unrolled);
        code.Je(done);
        code.Place(one);
        Multiply(1);
        code.Sub(Register.Rax, 1);
        code.Jne(one);

        code.Place(done);
        Finish();
        code.Add(Sums, Vectors * Vector);
        code.Add(Columns, Vectors * Vector);
        code.Sub(Tiles, 1);
        code.Jne(tile);
        code.Vzeroupper();
        code.Ret();
        return code.Assemble();

        Memory Argument(string field) => new(Arguments, (int)Marshal.OffsetOf<TileArguments>(field));

        void Start()
        {
            if (element == TileElement.Int16)
            {
                foreach (var sum in sums)
                    code.Vpxord(sum, sum, sum);
                return;
            }
            // No register is left to count them: the argument itself moves on.
            code.Mov(Register.Rax, Argument(nameof(TileArguments.Starts)));
            for (var i = 0; i < sums.Length; i++)
                code.Vmovups(sums[i], new Memory(Register.Rax, i % Vectors * Vector));
            code.Add(Register.Rax, Vectors * Vector);
            code.Mov(Argument(nameof(TileArguments.Starts)), Register.Rax);
        }

        void Multiply(int words)
        {
            for (var word = 0; word < words; word++)
            {
                for (var v = 0; v < Vectors; v++)
                    code.Vmovups(right[v], new Memory(Right, (word * Vectors + v) * Vector));
                for (var row = 0; row < rows; row++)
                {
                    var x = spare[(word * rows + row) % spare.Length];
                    code.Vpbroadcastd(x, new Memory(Left, row * RowBytes + word * sizeof(int)));
                    for (var v = 0; v < Vectors; v++)
                        if (element == TileElement.Int16)
                            code.Vpdpwssd(sums[row * Vectors + v], x, right[v]);
                        else
                            code.Vpdpbusd(sums[row * Vectors + v], x, right[v]);
                }
            }
            code.Add(Left, words * sizeof(int));
            code.Add(Right, words * Vectors * Vector);
        }

        void Finish()
        {
            for (var v = 0; v < Vectors; v++)
                code.Vmovups(right[v], new Memory(Columns, v * Vector));
            code.Mov(Left, Sums);
            code.Mov(Register.Rax, Argument(nameof(TileArguments.RowScales)));
            for (var row = 0; row < rows; row++)
            {
                for (var v = 0; v < Vectors; v++)
                {
                    var (sum, scale) = (sums[row * Vectors + v], spare[v]);
                    code.Vcvtdq2ps(sum, sum);
                    code.VmulpsBroadcast(scale, right[v], new Memory(Register.Rax, row * sizeof(float)));
                    code.Vfmadd213ps(sum, scale, new Memory(Left, v * Vector));
                    code.Vmovups(new Memory(Left, v * Vector), sum);
                }
                if (row < rows - 1)
                    code.Add(Left, Argument(nameof(TileArguments.SumsStride)));
            }
        }
    }
}
