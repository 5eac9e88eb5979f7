using Iced.Intel;
using LoraBridge.Native.Code;
using Code_ = Iced.Intel.Code;
using Register = LoraBridge.Native.Code.Register;

namespace LoraBridge.Native.Tests.Code;

/// <summary>What the assembler writes is read back by the decoder of another library, which knows all of x86-64.</summary>
public sealed class X64AssemblerTests
{
    private static readonly Register[] Bases = [Register.Rax, Register.Rcx, Register.Rdx, Register.R8, Register.R9, Register.R10, Register.R11];

    private static readonly int[] Offsets = [0, 4, -4, 64, 128, 508, 512, 2048, 8128, 8192, -8192, 12345];

    [Theory]
    [InlineData("zmm", 64)]
    [InlineData("ymm", 32)]
    [InlineData("xmm", 16)]
    public void Instructions_on_vectors_are_read_back_for_all_registers(string kind, int bytes)
    {
        var count = bytes == 64 ? 32 : 16;
        for (var number = 0; number < count; number++)
        {
            var (to, x, y) = (Vector(number), Vector((number * 7 + 3) % count), Vector((number * 5 + 11) % count));
            var (t, r, s) = (kind + to.Number, kind + x.Number, kind + y.Number);
            Check($"{(bytes == 64 ? "vpxord" : "vpxor")} {t},{r},{s}", code => code.Vpxor(to, x, y));
            Check($"vpaddd {t},{r},{s}", code => code.Vpaddd(to, x, y));
            Check($"vpmaddwd {t},{r},{s}", code => code.Vpmaddwd(to, x, y));
            Check($"vmulps {t},{r},{s}", code => code.Vmulps(to, x, y));
            Check($"vcvtdq2ps {t},{r}", code => code.Vcvtdq2ps(to, x));
            if (bytes == 64)
            {
                Check($"vpdpwssd {t},{r},{s}", code => code.Vpdpwssd(to, x, y));
                Check($"vpdpbusd {t},{r},{s}", code => code.Vpdpbusd(to, x, y));
            }
            foreach (var at in Addresses())
            {
                Check($"vmovups {t},[{at}]", code => code.Vmovups(to, Of(at)));
                Check($"vmovups [{at}],{t}", code => code.Vmovups(Of(at), to));
                Check($"vpbroadcastd {t},dword ptr [{at}]", code => code.Vpbroadcastd(to, Of(at)));
                Check($"vfmadd213ps {t},{r},[{at}]", code => code.Vfmadd213ps(to, x, Of(at)));
            }
        }
        Check("vzeroupper", code => code.Vzeroupper());

        VectorRegister Vector(int number) => new(number, bytes);
    }

    [Fact]
    public void Instructions_on_integers_are_read_back_for_all_registers()
    {
        foreach (var to in Bases)
        {
            foreach (var from in Bases.Append(Register.Rdi))
                Check($"mov {Name(to)},{Name(from)}", code => code.Mov(to, from));
            foreach (var at in Addresses())
            {
                Check($"mov {Name(to)},[{at}]", code => code.Mov(to, Of(at)));
                Check($"mov [{at}],{Name(to)}", code => code.Mov(Of(at), to));
                Check($"add {Name(to)},[{at}]", code => code.Add(to, Of(at)));
                Check($"prefetcht0 [{at}]", code => code.Prefetcht0(Of(at)));
            }
            foreach (var value in new[] { 1, 127, 128, 512, 65536, -1, -128, -129 })
            {
                Check($"add {Name(to)},{value}", code => code.Add(to, value));
                Check($"sub {Name(to)},{value}", code => code.Sub(to, value));
            }
        }
        Check("ret", code => code.Ret());
    }

    [Fact]
    public void Jumps_lead_to_their_labels_forwards_and_backwards()
    {
        var code = new X64Assembler();
        var (back, forward) = (code.NewLabel(), code.NewLabel());
        code.Place(back);
        code.Je(forward);
        code.Jne(back);
        code.Jl(forward);
        code.Jge(back);
        code.Place(forward);
        code.Ret();
        var instructions = Decode(code.Assemble());
        Assert.Equal([Mnemonic.Je, Mnemonic.Jne, Mnemonic.Jl, Mnemonic.Jge, Mnemonic.Ret], instructions.Select(instruction => instruction.Mnemonic));
        var end = instructions[4].IP;
        Assert.Equal([end, 0UL, end, 0UL], instructions.Take(4).Select(instruction => instruction.NearBranchTarget));
    }

    [Fact]
    public void What_cannot_be_encoded_is_refused()
    {
        var code = new X64Assembler();
        Assert.Throws<ArgumentException>(() => code.Mov(Register.Rax, new Memory((Register)5, 8)));
        Assert.Throws<ArgumentException>(() => code.Vmovups(VectorRegister.Zmm(1), new Memory((Register)12, 8)));
        code.Je(code.NewLabel());
        Assert.Throws<InvalidOperationException>(code.Assemble);
    }

    [Fact]
    public void Loops_start_at_multiples_of_64_bytes_behind_instructions_that_do_nothing()
    {
        for (var before = 0; before <= 64; before++)
        {
            var code = new X64Assembler();
            for (var i = 0; i < before; i++)
                code.Ret();
            code.Align();
            var start = (before + 63) / 64 * 64;
            code.Ret();
            var instructions = Decode(code.Assemble());
            Assert.Equal((ulong)start, instructions[^1].IP);
            Assert.All(instructions[before..^1], instruction => Assert.Equal(Mnemonic.Nop, instruction.Mnemonic));
            Assert.InRange(instructions.Count - before - 1, 0, 14);
        }
    }

    /// <summary>The tile uses nothing but what the processor is asked for, and touches no memory relative to itself.</summary>
    [Theory]
    [InlineData(0, 6, 0)]
    [InlineData(0, 1, 1)]
    [InlineData(1, 6, 0)]
    [InlineData(1, 3, 1)]
    [InlineData(2, 6, 0)]
    [InlineData(2, 2, 1)]
    public void Tiles_need_no_more_than_the_processor_is_asked_for(int instruction, int rows, int convention)
    {
        var allowed = new HashSet<CpuidFeature> { CpuidFeature.X64, CpuidFeature.INTEL386, CpuidFeature.INTEL8086, CpuidFeature.MULTIBYTENOP, CpuidFeature.SSE, CpuidFeature.AVX };
        allowed.UnionWith(
            instruction == (int)TileInstruction.Vpmaddwd
                ? [CpuidFeature.AVX2, CpuidFeature.FMA]
                : [CpuidFeature.AVX512F, CpuidFeature.AVX512_VNNI]);
        foreach (var decoded in Decode(TileProgram.Assemble((TileInstruction)instruction, rows, (CallingConvention)convention)))
        {
            Assert.NotEqual(Code_.INVALID, decoded.Code);
            Assert.All(decoded.CpuidFeatures, feature => Assert.Contains(feature, allowed));
            Assert.False(decoded.IsIPRelativeMemoryOperand);
        }
    }

    private static IEnumerable<Place> Addresses() => Bases.SelectMany(register => Offsets.Select(offset => new Place(register, offset)));

    private static Memory Of(Place at) => new(at.Base, at.Offset);

    private static void Check(string expected, Action<X64Assembler> write)
    {
        var code = new X64Assembler();
        write(code);
        var bytes = code.Assemble();
        var instruction = Assert.Single(Decode(bytes));
        Assert.Equal(bytes.Length, instruction.Length);
        var formatter = new IntelFormatter(new FormatterOptions { NumberBase = NumberBase.Decimal, SignedImmediateOperands = true, MemorySizeOptions = MemorySizeOptions.Minimal });
        var output = new StringOutput();
        formatter.Format(instruction, output);
        Assert.Equal(expected.Replace("dword ptr [", "["), output.ToStringAndReset().Replace("dword bcst ", "").Replace("dword ptr ", ""));
    }

    private static string Name(Register register) => register.ToString().ToLowerInvariant();

    internal static List<Instruction> Decode(byte[] code)
    {
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
        var instructions = new List<Instruction>();
        while (decoder.IP < (ulong)code.Length)
            instructions.Add(decoder.Decode());
        return instructions;
    }

    private readonly record struct Place(Register Base, int Offset)
    {
        public override string ToString() => Offset switch
        {
            0 => Name(Base),
            > 0 => $"{Name(Base)}+{Offset}",
            _ => $"{Name(Base)}{Offset}",
        };
    }
}
