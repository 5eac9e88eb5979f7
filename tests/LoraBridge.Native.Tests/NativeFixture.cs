using LoraBridge.Native.Tests;

[assembly: AssemblyFixture(typeof(NativeFixture))]

namespace LoraBridge.Native.Tests;

/// <summary>Loads the native libraries before the first test.</summary>
public sealed class NativeFixture
{
    public NativeFixture() => NativeRuntime.Initialize();
}
