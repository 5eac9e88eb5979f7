using System.Reflection;
using System.Runtime.InteropServices;

namespace LoraBridge.Native.Tests;

public class ImportTests
{
    private static readonly (MethodInfo Method, string Library, string Export)[] s_imports =
    [
        .. from type in new[] { typeof(Ggml), typeof(Llama) }
           from method in type.GetMethods(BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
           let import = method.GetCustomAttribute<LibraryImportAttribute>()
           where import is not null
           select (method, import.LibraryName, import.EntryPoint ?? method.Name),
    ];

    /// <summary>Functions that only the newer build has: what uses them asks for the build first.</summary>
    private static readonly string[] s_newer = ["ggml_dsv4_hc_pre_gated", "ggml_swiglu_clamp"];

    [Fact]
    public void Every_import_exists_in_its_library()
    {
        var libraries = NativeLibraries.Load();

        var missing = from import in s_imports
                      let handle = import.Library switch
                      {
                          NativeLibraries.GgmlBase => libraries.GgmlBase,
                          NativeLibraries.Ggml => libraries.Ggml,
                          _ => libraries.Llama,
                      }
                      where !NativeLibrary.TryGetExport(handle, import.Export, out _)
                          && (libraries.Build != LlamaBuild.B10221 || !s_newer.Contains(import.Export))
                      select $"{import.Library}: {import.Export}";

        Assert.Empty(missing);
        Assert.True(s_imports.Length > 150, $"only {s_imports.Length} imports were found");
    }

    [Fact]
    public void Every_bool_crosses_as_one_byte()
    {
        var wrong = from import in s_imports
                    from parameter in import.Method.GetParameters().Append(import.Method.ReturnParameter)
                    where parameter.ParameterType == typeof(bool)
                        && parameter.GetCustomAttribute<MarshalAsAttribute>()?.Value != UnmanagedType.U1
                    select $"{import.Method.Name}: {parameter.Name ?? "return value"}";

        Assert.Empty(wrong);
    }
}
