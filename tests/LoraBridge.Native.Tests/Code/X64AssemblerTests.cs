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

    [Fact]
    public void Instructions_on_vectors_are_read_back_for_all_registers()
    {
        for (var z = 0; z < 32; z++)
        {
            var (to, x, y) = (z, (z * 7 + 3) % 32, (z * 5 + 11) % 32);
            Check($"vpxord zmm{to},zmm{x},zmm{y}", code => code.Vpxord(new Zmm(to), new Zmm(x), new Zmm(y)));
            Check($"vpdpwssd zmm{to},zmm{x},zmm{y}", code => code.Vpdpwssd(new Zmm(to), new Zmm(x), new Zmm(y)));
            Check($"vpdpbusd zmm{to},zmm{x},zmm{y}", code => code.Vpdpbusd(new Zmm(to), new Zmm(x), new Zmm(y)));
            Check($"vcvtdq2ps zmm{to},zmm{x}", code => code.Vcvtdq2ps(new Zmm(to), new Zmm(x)));
            foreach (var at in Addresses())
            {
                Check($"vmovups zmm{to},[{at}]", code => code.Vmovups(new Zmm(to), Of(at)));
                Check($"vmovups [{at}],zmm{to}", code => code.Vmovups(Of(at), new Zmm(to)));
                Check($"vpbroadcastd zmm{to},dword ptr [{at}]", code => code.Vpbroadcastd(new Zmm(to), Of(at)));
                Check($"vmulps zmm{to},zmm{x},dword ptr [{at}]{{1to16}}", code => code.VmulpsBroadcast(new Zmm(to), new Zmm(x), Of(at)));
                Check($"vfmadd213ps zmm{to},zmm{x},[{at}]", code => code.Vfmadd213ps(new Zmm(to), new Zmm(x), Of(at)));
            }
        }
        Check("vzeroupper", code => code.Vzeroupper());
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
        Assert.Throws<ArgumentException>(() => code.Vmovups(new Zmm(1), new Memory((Register)12, 8)));
        code.Je(code.NewLabel());
        Assert.Throws<InvalidOperationException>(code.Assemble);
    }

    /// <summary>The tile uses nothing but what every processor with AVX-512 VNNI has, and touches no memory relative to itself.</summary>
    [Theory]
    [InlineData(0, 6, 0)]
    [InlineData(0, 1, 1)]
    [InlineData(1, 6, 0)]
    [InlineData(1, 3, 1)]
    public void Tiles_need_no_more_than_the_processor_is_asked_for(int element, int rows, int convention)
    {
        var allowed = new HashSet<CpuidFeature>
        {
            CpuidFeature.X64, CpuidFeature.INTEL386, CpuidFeature.INTEL8086, CpuidFeature.AVX, CpuidFeature.AVX512F, CpuidFeature.AVX512_VNNI,
        };
        foreach (var instruction in Decode(TileProgram.Assemble((TileElement)element, rows, (CallingConvention)convention)))
        {
            Assert.NotEqual(Code_.INVALID, instruction.Code);
            Assert.All(instruction.CpuidFeatures, feature => Assert.Contains(feature, allowed));
            Assert.False(instruction.IsIPRelativeMemoryOperand);
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
