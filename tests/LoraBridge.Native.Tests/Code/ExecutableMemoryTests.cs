using System.Runtime.InteropServices;
using Iced.Intel;
using LoraBridge.Native.Code;
using static Iced.Intel.AssemblerRegisters;
using Register = LoraBridge.Native.Code.Register;

namespace LoraBridge.Native.Tests.Code;

public sealed class ExecutableMemoryTests
{
    public ExecutableMemoryTests() => Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "Code is made for x86-64 only.");

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Code_runs_and_its_pages_are_never_writable_while_they_are_executable(int pages)
    {
        Assert.SkipWhen(pages == (int)CodePages.TwoViews && !OperatingSystem.IsLinux(), "Only Linux has memory without a file that can be seen twice.");
        using var memory = ExecutableMemory.TryLoad(Increment(Register.Rdi), (CodePages)pages);
        Assert.NotNull(memory);
        Assert.Equal(42, Incremented(41, number => Call(memory, number)));
        if (OperatingSystem.IsLinux())
            Assert.Equal("r-xp", ProtectionOf(memory.Address).Replace('s', 'p'));
    }

    /// <summary>A function as Windows calls it, called from here by a few instructions that pass the argument on, and look at what must not change.</summary>
    [Fact]
    public void Code_for_Windows_is_called_as_Windows_does()
    {
        using var function = ExecutableMemory.TryLoad(Increment(Register.Rcx));
        Assert.NotNull(function);
        using var bridge = ExecutableMemory.TryLoad(WindowsCall(function.Address));
        Assert.NotNull(bridge);
        Assert.Equal(42, Incremented(41, number => Assert.Equal(0, Call(bridge, number))));
    }

    [Theory]
    [InlineData((int)TileInstruction.Vpdpwssd)]
    [InlineData((int)TileInstruction.Vpmaddwd)]
    public void Tiles_for_Windows_keep_what_Windows_wants_kept(int instruction)
    {
        Assert.SkipUnless(AssembledTiles.Supports((TileInstruction)instruction) && OperatingSystem.IsLinux(), "This processor has no such instruction.");
        using var function = ExecutableMemory.TryLoad(TileProgram.Assemble((TileInstruction)instruction, 6, LoraBridge.Native.Code.CallingConvention.Windows));
        Assert.NotNull(function);
        using var bridge = ExecutableMemory.TryLoad(WindowsCall(function.Address));
        Assert.NotNull(bridge);
        var (left, right, sums, scales) = (new int[6 * 128], new int[32], new float[6 * 32], new float[32]);
        left.AsSpan().Fill(3 << 16 | 2);
        right.AsSpan().Fill(7 << 16 | 5);
        scales.AsSpan().Fill(1);
        using (var arguments = new PinnedArguments(left, right, [], scales, scales, sums, stride: 32, sums, targetStride: 32, words: 1, tiles: 1))
            Assert.Equal(0, Call(bridge, arguments.Address));
        Assert.All(sums, sum => Assert.Equal(31, sum));
    }

    [UnmanagedFunctionPointer(System.Runtime.InteropServices.CallingConvention.Cdecl)]
    private delegate long Function(nint argument);

    private static long Call(ExecutableMemory code, nint argument) => Marshal.GetDelegateForFunctionPointer<Function>(code.Address)(argument);

    private static long Incremented(long number, Action<nint> call)
    {
        var pinned = GCHandle.Alloc(new[] { number }, GCHandleType.Pinned);
        call(pinned.AddrOfPinnedObject());
        number = ((long[])pinned.Target!)[0];
        pinned.Free();
        return number;
    }

    private static byte[] Increment(Register argument)
    {
        var code = new X64Assembler();
        if (argument != Register.Rcx)
            code.Mov(Register.Rcx, argument);
        code.Mov(Register.Rax, new Memory(Register.Rcx, 0));
        code.Add(Register.Rax, 1);
        code.Mov(new Memory(Register.Rcx, 0), Register.Rax);
        code.Ret();
        return code.Assemble();
    }

    /// <summary>Takes the argument in rdi, calls <paramref name="function"/> with it in rcx, and returns 0 if xmm6 to xmm15, rbx, rsi and r12 to r15 hold what they held.</summary>
    private static byte[] WindowsCall(nint function)
    {
        var (code, stream) = (new Assembler(64), new MemoryStream());
        AssemblerRegisterXMM[] kept = [xmm6, xmm7, xmm8, xmm9, xmm10, xmm11, xmm12, xmm13, xmm14, xmm15];
        AssemblerRegister64[] alsoKept = [rbx, rsi, r12, r13, r14, r15];
        foreach (var register in alsoKept)
            code.push(register);
        code.push(rbp);
        code.mov(rcx, rdi);
        for (var i = 0; i < kept.Length; i++)
        {
            code.mov(rax, 0x1234_5678_0000L + i);
            code.movq(kept[i], rax);
        }
        for (var i = 0; i < alsoKept.Length; i++)
            code.mov(alsoKept[i], 0x8765_4321_0000L + i);
        // The home space of four arguments, and a stack that is a multiple of 16 at the call.
        code.sub(rsp, 32);
        code.mov(rax, (long)function);
        code.call(rax);
        code.add(rsp, 32);
        code.mov(rbp, 0L);
        for (var i = 0; i < kept.Length; i++)
        {
            code.movq(rcx, kept[i]);
            code.mov(rax, 0x1234_5678_0000L + i);
            code.xor(rcx, rax);
            code.or(rbp, rcx);
        }
        for (var i = 0; i < alsoKept.Length; i++)
        {
            code.mov(rax, 0x8765_4321_0000L + i);
            code.xor(rax, alsoKept[i]);
            code.or(rbp, rax);
        }
        code.mov(rax, rbp);
        code.pop(rbp);
        foreach (var register in alsoKept.Reverse())
            code.pop(register);
        code.ret();
        code.Assemble(new StreamCodeWriter(stream), 0);
        return stream.ToArray();
    }

    private static string ProtectionOf(nint address)
    {
        var line = File.ReadLines("/proc/self/maps").First(line =>
        {
            var range = line.Split(' ')[0].Split('-');
            return Convert.ToInt64(range[0], 16) <= address && address < Convert.ToInt64(range[1], 16);
        });
        return line.Split(' ')[1];
    }
}
