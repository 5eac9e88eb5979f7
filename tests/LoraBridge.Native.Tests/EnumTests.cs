using LoraBridge.Formats;
using static LoraBridge.Native.Ggml;

namespace LoraBridge.Native.Tests;

public class EnumTests
{
    [Fact]
    public void Operations_are_those_of_the_library()
    {
        foreach (var op in Enum.GetValues<GgmlOp>())
        {
            // ggml shortens some names: X for a plain product, and the like.
            if (op is GgmlOp.Custom or GgmlOp.MapCustom1 or GgmlOp.MapCustom2 or GgmlOp.MapCustom3)
                continue;
            Assert.Equal(Plain(op), Plain(ggml_op_name(op)));
        }
    }

    [Fact]
    public void Custom_operations_are_those_of_the_library()
    {
        Assert.Equal("CUSTOM", ggml_op_name(GgmlOp.Custom));
        Assert.Equal("MAP_CUSTOM1", ggml_op_name(GgmlOp.MapCustom1));
        Assert.Equal("MAP_CUSTOM2", ggml_op_name(GgmlOp.MapCustom2));
        Assert.Equal("MAP_CUSTOM3", ggml_op_name(GgmlOp.MapCustom3));
    }

    [Fact]
    public void Unary_functions_are_those_of_the_library()
    {
        foreach (var op in Enum.GetValues<GgmlUnaryOp>())
            Assert.Equal(Plain(op), Plain(ggml_unary_op_name(op)));
    }

    [Fact]
    public void Gated_units_are_those_of_the_library()
    {
        // The older build ends before the last one.
        var units = Enum.GetValues<GgmlGluOp>().Where(op => op != GgmlGluOp.SwigluClamp || LlamaBuild.Loaded == LlamaBuild.V050);
        Assert.All(units, op => Assert.Equal(Plain(op), Plain(ggml_glu_op_name(op))));
    }

    [Fact]
    public void Element_types_are_those_of_the_library()
    {
        foreach (var type in Enum.GetValues<GgmlType>())
            Assert.Equal(type.ToString().ToUpperInvariant(), ggml_type_name(type)?.ToUpperInvariant());
    }

    private static string Plain(Enum value) => Plain(value.ToString());

    private static string Plain(string? name) => name!.Replace("_", "").ToUpperInvariant();
}
