namespace LoraBridge.Native.Code;

/// <summary>A 64-bit integer register. Addresses use those whose encoding needs no further byte: not rsp, rbp, r12 and r13.</summary>
internal enum Register : byte
{
    Rax = 0,
    Rcx = 1,
    Rdx = 2,
    Rdi = 7,
    R8 = 8,
    R9 = 9,
    R10 = 10,
    R11 = 11,
}

/// <summary>A vector register: xmm, ymm or zmm with its number, to 15 or, where it has 64 bytes, to 31.</summary>
internal readonly record struct VectorRegister(int Number, int Bytes)
{
    public static VectorRegister Xmm(int number) => new(number, 16);

    public static VectorRegister Ymm(int number) => new(number, 32);

    public static VectorRegister Zmm(int number) => new(number, 64);
}

/// <summary>What a base register points to, <paramref name="Offset"/> bytes further on.</summary>
internal readonly record struct Memory(Register Base, int Offset);

/// <summary>A place in the code that jumps lead to.</summary>
internal readonly record struct Label(int Index);

/// <summary>
/// Writes machine code of x86-64: the few instructions that a product's tile is made of, among them those of AVX-512 VNNI, for which .NET has
/// no intrinsics. Methods have the instructions' names; see Intel's "Software Developer's Manual", volume 2, chapter 2, for the encodings. Those of zmm
/// registers have a prefix of their own (EVEX), with more bits for their numbers, than those of shorter ones (VEX).
/// </summary>
internal sealed class X64Assembler
{
    private const byte Map0F = 1, Map0F38 = 2;
    private const byte NoPrefix = 0, Prefix66 = 1;

    /// <summary>Bytes of the registers whose instructions have an EVEX prefix.</summary>
    private const int Evex = 64;

    private readonly List<byte> _code = [];
    private readonly List<int> _labels = [];
    private readonly List<(int At, Label Target)> _jumps = [];

    /// <summary>The code, with its jumps resolved.</summary>
    /// <exception cref="InvalidOperationException">A jump leads to a label that was never placed.</exception>
    public byte[] Assemble()
    {
        foreach (var (at, target) in _jumps)
        {
            if (_labels[target.Index] < 0)
                throw new InvalidOperationException($"Label {target.Index} is jumped to, but was not placed.");
            WriteInt32(at, _labels[target.Index] - (at + sizeof(int)));
        }
        return [.. _code];
    }

    public Label NewLabel()
    {
        _labels.Add(-1);
        return new Label(_labels.Count - 1);
    }

    /// <summary>Has jumps to <paramref name="label"/> lead to here.</summary>
    public void Place(Label label) => _labels[label.Index] = _code.Count;

    /// <summary>Goes on at a multiple of 64 bytes from the start: a loop that starts elsewhere may take an eighth longer.</summary>
    public void Align()
    {
        ReadOnlySpan<byte> longNop = [0x0F, 0x1F, 0x84, 0, 0, 0, 0, 0];
        for (var missing = -_code.Count & 63; missing > 0; missing = -_code.Count & 63)
            _code.AddRange(missing >= longNop.Length ? longNop : [0x90]);
    }

    // Vectors
    public void Vmovups(VectorRegister to, Memory from) => Write(Map0F, NoPrefix, 0x10, to, default, from, scale: to.Bytes);

    public void Vmovups(Memory to, VectorRegister from) => Write(Map0F, NoPrefix, 0x11, from, default, to, scale: from.Bytes);

    /// <summary>Fills <paramref name="to"/> with one 32-bit number.</summary>
    public void Vpbroadcastd(VectorRegister to, Memory from) => Write(Map0F38, Prefix66, 0x58, to, default, from, scale: 4);

    /// <summary>VPXORD for zmm registers.</summary>
    public void Vpxor(VectorRegister to, VectorRegister x, VectorRegister y) => Write(Map0F, Prefix66, 0xEF, to, x, y);

    public void Vcvtdq2ps(VectorRegister to, VectorRegister from) => Write(Map0F, NoPrefix, 0x5B, to, default, from);

    public void Vmulps(VectorRegister to, VectorRegister x, VectorRegister y) => Write(Map0F, NoPrefix, 0x59, to, x, y);

    /// <summary><paramref name="to"/> = <paramref name="to"/> <paramref name="x"/> + <paramref name="y"/>, rounded once.</summary>
    public void Vfmadd213ps(VectorRegister to, VectorRegister x, Memory y) => Write(Map0F38, Prefix66, 0xA8, to, x, y, scale: to.Bytes);

    public void Vpaddd(VectorRegister to, VectorRegister x, VectorRegister y) => Write(Map0F, Prefix66, 0xFE, to, x, y);

    /// <summary>Sums of the products of two pairs of signed 16-bit numbers.</summary>
    public void Vpmaddwd(VectorRegister to, VectorRegister x, VectorRegister y) => Write(Map0F, Prefix66, 0xF5, to, x, y);

    /// <summary>Adds to each sum of <paramref name="to"/> the products of two pairs of signed 16-bit numbers (AVX-512 VNNI).</summary>
    public void Vpdpwssd(VectorRegister to, VectorRegister x, VectorRegister y) => Write(Map0F38, Prefix66, 0x52, to, x, y);

    /// <summary>Adds to each sum of <paramref name="to"/> the products of four bytes without sign in <paramref name="x"/> and four with sign (AVX-512 VNNI).</summary>
    public void Vpdpbusd(VectorRegister to, VectorRegister x, VectorRegister y) => Write(Map0F38, Prefix66, 0x50, to, x, y);

    public void Vzeroupper() => _code.AddRange([0xC5, 0xF8, 0x77]);

    /// <summary>Has the line that <paramref name="at"/> is in brought into the caches; it need not exist.</summary>
    public void Prefetcht0(Memory at)
    {
        const int First = 1;
        _code.AddRange([Rex(default, at.Base), 0x0F, 0x18]);
        Address(First, at, scale: 1);
    }

    // Integers
    public void Mov(Register to, Register from) => _code.AddRange([Rex(from, to), 0x89, ModRegister((int)from, (int)to)]);

    public void Mov(Register to, Memory from)
    {
        _code.AddRange([Rex(to, from.Base), 0x8B]);
        Address((int)to, from, scale: 1);
    }

    public void Mov(Memory to, Register from)
    {
        _code.AddRange([Rex(from, to.Base), 0x89]);
        Address((int)from, to, scale: 1);
    }

    public void Add(Register to, Memory from)
    {
        _code.AddRange([Rex(to, from.Base), 0x03]);
        Address((int)to, from, scale: 1);
    }

    public void Add(Register to, int value) => Arithmetic(0, to, value);

    public void Sub(Register to, int value) => Arithmetic(5, to, value);

    public void Jl(Label label) => Jump(0x8C, label);

    public void Jge(Label label) => Jump(0x8D, label);

    public void Je(Label label) => Jump(0x84, label);

    public void Jne(Label label) => Jump(0x85, label);

    public void Ret() => _code.Add(0xC3);

    private static byte Rex(Register register, Register extended) => (byte)(0x48 | (int)register >> 3 << 2 | (int)extended >> 3);

    private static byte ModRegister(int register, int other) => (byte)(0xC0 | (register & 7) << 3 | other & 7);

    private void Arithmetic(int operation, Register to, int value)
    {
        var isShort = value is >= sbyte.MinValue and <= sbyte.MaxValue;
        _code.AddRange([Rex(default, to), (byte)(isShort ? 0x83 : 0x81), ModRegister(operation, (int)to)]);
        Displacement(value, isShort);
    }

    private void Jump(byte condition, Label label)
    {
        _code.AddRange([0x0F, condition]);
        _jumps.Add((_code.Count, label));
        _code.AddRange([0, 0, 0, 0]);
    }

    private void Write(byte map, byte prefix, byte opcode, VectorRegister register, VectorRegister second, Memory memory, int scale)
    {
        Prefix(map, prefix, opcode, register, second.Number, (int)memory.Base);
        Address(register.Number, memory, register.Bytes == Evex ? scale : 1);
    }

    private void Write(byte map, byte prefix, byte opcode, VectorRegister register, VectorRegister second, VectorRegister third)
    {
        Prefix(map, prefix, opcode, register, second.Number, third.Number);
        _code.Add(ModRegister(register.Number, third.Number));
    }

    /// <summary>Most bits of register numbers are stored inverted.</summary>
    private void Prefix(byte map, byte prefix, byte opcode, VectorRegister vector, int second, int third)
    {
        var register = vector.Number;
        if (vector.Bytes == Evex)
        {
            const int Length512 = 0x40;
            _code.Add(0x62);
            _code.Add((byte)(((register >> 3 & 1) << 7 | (third >> 4 & 1) << 6 | (third >> 3 & 1) << 5 | (register >> 4 & 1) << 4) ^ 0xF0 | map));
            _code.Add((byte)((~second & 15) << 3 | 4 | prefix));
            _code.Add((byte)(Length512 | (~second >> 4 & 1) << 3));
        }
        else
        {
            const int Length256 = 4;
            _code.Add(0xC4);
            _code.Add((byte)(((register >> 3 & 1) << 7 | (third >> 3 & 1) << 5) ^ 0xE0 | map));
            _code.Add((byte)((~second & 15) << 3 | (vector.Bytes == 32 ? Length256 : 0) | prefix));
        }
        _code.Add(opcode);
    }

    /// <summary>A register and an address; short displacements count in units of <paramref name="scale"/> bytes.</summary>
    private void Address(int register, Memory memory, int scale)
    {
        if (((int)memory.Base & 7) is 4 or 5)
            throw new ArgumentException($"{memory.Base} is no base register here.", nameof(memory));
        var isShort = memory.Offset % scale == 0 && memory.Offset / scale is >= sbyte.MinValue and <= sbyte.MaxValue;
        var mode = memory.Offset == 0 ? 0 : isShort ? 0x40 : 0x80;
        _code.Add((byte)(mode | (register & 7) << 3 | (int)memory.Base & 7));
        if (mode != 0)
            Displacement(isShort ? memory.Offset / scale : memory.Offset, isShort);
    }

    private void Displacement(int value, bool isShort)
    {
        if (isShort)
        {
            _code.Add((byte)value);
            return;
        }
        _code.AddRange([0, 0, 0, 0]);
        WriteInt32(_code.Count - sizeof(int), value);
    }

    private void WriteInt32(int at, int value)
    {
        for (var i = 0; i < sizeof(int); i++)
            _code[at + i] = (byte)(value >> 8 * i);
    }
}
