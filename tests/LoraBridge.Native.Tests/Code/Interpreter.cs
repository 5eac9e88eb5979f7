using System.Runtime.InteropServices;
using Iced.Intel;

namespace LoraBridge.Native.Tests.Code;

/// <summary>
/// Runs the instructions of a tile's program one by one, as the processor's manual describes them: on any processor, and for any system's
/// way to pass arguments. What a function must not touch is as it was in the end.
/// </summary>
internal sealed class Interpreter
{
    private const int Lanes = 16, FirstKept = 6, LastKept = 15;

    private readonly Dictionary<ulong, Instruction> _code;
    private readonly float[][] _vectors = [.. Enumerable.Range(0, 32).Select(_ => new float[Lanes])];
    private readonly Dictionary<Register, long> _integers = [];
    private readonly Register _argument;
    private readonly bool _windows;
    private long _compared;

    public Interpreter(byte[] code, bool windows)
    {
        _code = X64AssemblerTests.Decode(code).ToDictionary(instruction => instruction.IP);
        (_windows, _argument) = (windows, windows ? Register.RCX : Register.RDI);
    }

    /// <summary>How many instructions have multiplied.</summary>
    public int Products { get; private set; }

    /// <summary>Where memory was brought into caches.</summary>
    public List<nint> Prefetched { get; } = [];

    /// <summary>Calls the code as a function of one pointer.</summary>
    public void Call(nint argument)
    {
        _integers.Clear();
        _integers[_argument] = argument;
        for (var kept = FirstKept; kept <= LastKept; kept++)
            _vectors[kept].AsSpan().Fill(kept);
        for (var at = 0UL; ;)
        {
            var instruction = _code[at];
            if (instruction.Mnemonic == Mnemonic.Ret)
            {
                // The lower 128 bits.
                for (var kept = FirstKept; kept <= LastKept && _windows; kept++)
                    if (_vectors[kept].AsSpan(0, 4).ContainsAnyExcept(kept))
                        throw new InvalidOperationException($"xmm{kept} must be as it was on Windows.");
                return;
            }
            at = Jumps(instruction) ? instruction.NearBranchTarget : instruction.NextIP;
            if (!instruction.IsJccShortOrNear)
                Execute(instruction);
        }
    }

    private bool Jumps(Instruction instruction) => instruction.Mnemonic switch
    {
        Mnemonic.Je => _compared == 0,
        Mnemonic.Jne => _compared != 0,
        Mnemonic.Jl => _compared < 0,
        Mnemonic.Jge => _compared >= 0,
        _ => false,
    };

    private void Execute(Instruction i)
    {
        switch (i.Mnemonic)
        {
            case Mnemonic.Mov when i.Op0Kind == OpKind.Memory: Marshal.WriteInt64(Address(i), Integer(i.Op1Register)); break;
            case Mnemonic.Mov: SetInteger(i.Op0Register, Value(i)); break;
            case Mnemonic.Add: SetInteger(i.Op0Register, _compared = Integer(i.Op0Register) + Value(i)); break;
            case Mnemonic.Sub: SetInteger(i.Op0Register, _compared = Integer(i.Op0Register) - Value(i)); break;
            case Mnemonic.Nop: break;
            case Mnemonic.Prefetcht0: Prefetched.Add(Address(i)); break;
            case Mnemonic.Vzeroupper: _vectors[..16].ToList().ForEach(vector => vector.AsSpan(4).Clear()); break;
            case Mnemonic.Vmovups when i.Op0Kind == OpKind.Memory: Marshal.Copy(Vector(i.Op1Register), 0, Address(i), Vector(i.Op1Register).Length); break;
            case Mnemonic.Vmovups: Marshal.Copy(Address(i), Written(i.Op0Register), 0, Count(i.Op0Register)); break;
            case Mnemonic.Vpbroadcastd: ForLanes(i, _ => Number(i)); break;
            case Mnemonic.Vpxord or Mnemonic.Vpxor when i.Op1Register == i.Op2Register: ForLanes(i, _ => 0); break;
            case Mnemonic.Vpaddd: ForIntegers(i, lane => Integers(i.Op1Register)[lane] + Integers(i.Op2Register)[lane]); break;
            case Mnemonic.Vcvtdq2ps: ForLanes(i, lane => BitConverter.SingleToInt32Bits(Vector(i.Op1Register)[lane])); break;
            case Mnemonic.Vmulps: ForLanes(i, lane => Vector(i.Op1Register)[lane] * Vector(i.Op2Register)[lane]); break;
            case Mnemonic.Vfmadd213ps:
                ForLanes(i, lane => MathF.FusedMultiplyAdd(Vector(i.Op0Register)[lane], Vector(i.Op1Register)[lane], Number(i, lane)));
                break;
            case Mnemonic.Vpmaddwd:
                Products++;
                ForIntegers(i, lane => Low(i.Op1Register, lane) * Low(i.Op2Register, lane) + (Integers(i.Op1Register)[lane] >> 16) * (Integers(i.Op2Register)[lane] >> 16));
                break;
            case Mnemonic.Vpdpwssd: Dot(i, (short x, short y) => x * y); break;
            case Mnemonic.Vpdpbusd: Dot(i, (byte x, sbyte y) => x * y); break;
            default: throw new NotSupportedException(i.ToString());
        }
    }

    private void Dot<TLeft, TRight>(Instruction i, Func<TLeft, TRight, int> multiply) where TLeft : unmanaged where TRight : unmanaged
    {
        Products++;
        var x = MemoryMarshal.Cast<float, TLeft>(Vector(i.Op1Register));
        var y = MemoryMarshal.Cast<float, TRight>(Vector(i.Op2Register));
        var sums = MemoryMarshal.Cast<float, int>(Written(i.Op0Register).AsSpan());
        for (var e = 0; e < x.Length; e++)
            sums[e * Lanes / x.Length] += multiply(x[e], y[e]);
    }

    /// <summary>Fills a register; what it has above its own lanes becomes zero.</summary>
    private void ForLanes(Instruction i, Func<int, float> value)
    {
        var result = Enumerable.Range(0, Lanes).Select(lane => lane < Count(i.Op0Register) ? value(lane) : 0).ToArray();
        result.CopyTo(Written(i.Op0Register), 0);
    }

    private void ForIntegers(Instruction i, Func<int, int> value) => ForLanes(i, lane => BitConverter.Int32BitsToSingle(value(lane)));

    private ReadOnlySpan<int> Integers(Register register) => MemoryMarshal.Cast<float, int>(Vector(register).AsSpan());

    private int Low(Register register, int lane) => (short)Integers(register)[lane];

    private long Value(Instruction i) => i.Op1Kind switch
    {
        OpKind.Memory => Marshal.ReadInt64(Address(i)),
        OpKind.Register => Integer(i.Op1Register),
        _ => (long)i.GetImmediate(1),
    };

    private float Number(Instruction i, int lane = 0) => BitConverter.Int32BitsToSingle(Marshal.ReadInt32(Address(i), lane * sizeof(float)));

    private nint Address(Instruction i) => (nint)(Integer(i.MemoryBase) + (long)i.MemoryDisplacement64);

    private long Integer(Register register) => _integers.TryGetValue(register, out var value)
        ? value
        : throw new InvalidOperationException($"{register} is read before anything is in it.");

    private void SetInteger(Register register, long value)
    {
        // Registers that a function may change by both conventions.
        if (register is not (Register.RAX or Register.RCX or Register.RDX or (>= Register.R8 and <= Register.R11)))
            throw new InvalidOperationException($"{register} must be as it was.");
        _integers[register] = value;
    }

    private static int Count(Register register) => register >= Register.ZMM0 ? Lanes : register >= Register.YMM0 ? Lanes / 2 : Lanes / 4;

    /// <summary>The numbers of a register: all for zmm, and their first half or quarter.</summary>
    private float[] Vector(Register register) => Count(register) == Lanes ? _vectors[register.GetNumber()] : _vectors[register.GetNumber()][..Count(register)];

    private float[] Written(Register register) => _vectors[register.GetNumber()];
}
